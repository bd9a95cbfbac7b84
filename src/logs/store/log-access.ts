import { stat } from 'node:fs/promises';
import { ifThere } from '../../base/io/files.ts';
import { gathered } from '../../base/async/gather.ts';
import { createTurn } from '../../base/async/turn.ts';
import type { LogSink } from '../../engines/engine.ts';
import { AichorError } from '../../errors.ts';
import type { LogFilter, LogSource } from '../line.ts';
import { findLines, type FoundLine } from './reading/find-lines.ts';
import { createLapse } from './lapse.ts';
import { sizeOf } from './files.ts';
import type { LogFolder } from './log-folder.ts';
import { outlineOf, type LogOutline } from './reading/outline.ts';
import { readLines, type ReadOptions } from './reading/read-lines.ts';
import { readRaw, type RawOptions } from './reading/read-raw.ts';
import { matchesIn } from './reading/search.ts';
import type { StoredSource, Whole } from './sources.ts';
import { createSelection, readRecords } from './reading/reader.ts';
import { createWriter } from './writer.ts';

/** The log of one experiment. */
export interface ExperimentLogs extends LogSink {
  /**
   * Whether anything of it is on disk, whether its index was made anew when it was opened, and what of it is lost for
   * good, in words.
   */
  facts(): { exists: boolean; isRebuilt: boolean; damage: readonly string[] };
  /** JSON lines as `logs/wire.ts` describes them, in chunks of any size. */
  read(filter: LogFilter, options: ReadOptions): AsyncIterable<Uint8Array>;
  /** Whole lines of the run that hold these bytes, of what is there now, from a place on; where to go on. */
  find(from: { position: number; bytes: Uint8Array }, take: (line: FoundLine) => void): Promise<number>;
  /** How many lines there are of what, and where one of them stands. */
  outline(filter: LogFilter, at: number | undefined): Promise<LogOutline>;
  /** Which lines hold a text. */
  matches(wanted: Parameters<typeof matchesIn>[1]): ReturnType<typeof matchesIn>;
  /** The exact bytes of one pod. */
  raw(options: RawOptions): AsyncIterable<Uint8Array>;
  /**
   * No line will ever come: what is left of every source becomes lines, followers end. Idempotent. Throws
   * AichorError `server_error` when that could not be put on disk (followers end all the same).
   */
  finish(): Promise<void>;
  /** Reads all that is in lines: `facts().damage` tells what of it is not what was written. */
  examine(): Promise<void>;
  bytesOnDisk(): Promise<number>;
}

/** The fronts of all of these are in memory at once, 32 KiB each. */
const TAKEN_TOGETHER = 256;

/** The way to an opened log: one change at a time, reads at any time. */
export function createExperimentLogs(log: LogFolder, now: () => Date): ExperimentLogs {
  const writer = createWriter(log, now);
  const lapse = createLapse(log, now);
  const inTurn = createTurn();

  function storedOf(source: LogSource): StoredSource {
    const stored = log.sources.find(source);
    if (!stored) throw new Error(`log source ${JSON.stringify(source)} was never asked for`);
    return stored;
  }
  const numberOf = (source: LogSource) => storedOf(source).number;

  async function take(reports: readonly number[], until: ReadonlyMap<number, number>): Promise<void> {
    await lapse.guard(reports, () => writer.take(reports, until));
  }

  async function takeTogether(reports: readonly number[]): Promise<void> {
    await lapse.guard(reports, async () => {
      const failed = await eachTaken(reports, writer.take);
      for (const error of failed.values()) throw error;
    });
  }

  async function closeSources(all: readonly StoredSource[]): Promise<void> {
    const numbers = all.map(({ number }) => number);
    await lapse.guard(numbers, async () => {
      const failed = await eachTaken(await unreadOf(log, numbers), writer.takeLast);
      const taken = all.filter(({ number }) => !failed.has(number));
      await Promise.all(taken.map((stored) => log.sources.close(stored)));
      for (const error of failed.values()) throw error;
    });
    log.waiters.wake();
  }

  // Thousands of containers may end at once, and what they say takes one turn after the other.
  const together = { inTurn, most: TAKEN_TOGETHER };
  const takeSoon = gathered<number[]>(together, (all) => takeTogether(all.flat()));
  const closeSoon = gathered<StoredSource>(together, closeSources);

  return {
    async file(source) {
      const stored = await log.sources.add(source);
      return log.sources.path(stored.number);
    },
    async appended(sources, sizes) {
      const reports = sources.map(numberOf);
      if (sizes === undefined) return takeSoon(reports);
      const until = new Map([...sizes].map(([source, size]) => [numberOf(source), size]));
      return inTurn(() => take(reports, until));
    },
    closed: async (source) => closeSoon(storedOf(source)),
    facts: () => ({
      exists: log.sources.finished || log.sources.list.length > 0,
      isRebuilt: log.isRebuilt,
      damage: log.damage.told(),
    }),
    read: (filter, options) => readLines(log, filter, options),
    find: (from, take) => findLines(log, { ...from, filter: { step: 'run' } }, take),
    outline: (filter, at) => outlineOf(log, filter, at),
    matches: (wanted) => matchesIn(log, wanted),
    raw: (options) => readRaw(log, options),
    finish: () => inTurn(() => finish(log, lapse, writer)),
    examine: () => examineRecords(log),
    bytesOnDisk: () => bytesOnDisk(log),
  };
}

async function finish(
  log: LogFolder,
  lapse: ReturnType<typeof createLapse>,
  writer: ReturnType<typeof createWriter>,
): Promise<void> {
  if (log.sources.finished && log.ended) return;
  try {
    const numbers = log.sources.list.map(({ number }) => number);
    const failed = await eachTaken(await unreadOf(log, numbers), writer.takeLast);
    for (const error of failed.values()) throw error;
    await lapse.over();
    await log.sources.finish(wholeOf(log));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new AichorError('server_error', `the log in ${log.path} could not be completed: ${why}`, {
      hint: 'make room on that disk; the lines that are missing in it stay in the files beside it',
      cause,
    });
  } finally {
    log.ended = true;
    log.waiters.wake();
    await log.files.close(log.path);
  }
}

/**
 * Takes what is new of these together. Where that fails, each alone: a file that cannot be read keeps nothing of the others back.
 *
 * @returns why there is nothing of a source, by its number
 */
async function eachTaken(
  reports: readonly number[],
  take: (some: readonly number[]) => Promise<void>,
): Promise<ReadonlyMap<number, unknown>> {
  const failed = new Map<number, unknown>();
  const sources = [...new Set(reports)];
  await take(reports).catch(async (error: unknown) => {
    if (sources.length === 1) failed.set(sources[0] ?? 0, error);
    else for (const source of sources) await take([source]).catch((own: unknown) => failed.set(source, own));
  });
  return failed;
}

/** Those of which there is something that is in no line yet. */
async function unreadOf({ cursors, sources }: LogFolder, numbers: readonly number[]): Promise<number[]> {
  const sizes = await Promise.all(numbers.map((number) => sizeOf(sources.path(number))));
  return numbers.filter((number, index) => {
    const { end } = cursors.get(number) ?? { end: 0 };
    return (sizes[index] ?? 0) > end;
  });
}

/** How much there is, now that all is in lines: what is missing later was lost. */
function wholeOf({ index, sources, cursors }: LogFolder): Whole {
  return { records: index.count, sizes: sources.list.map(({ number }) => cursors.get(number)?.end ?? 0) };
}

/**
 * What a damaged index told of a finished log is found again in the files of its sources, one after the other; the times
 * of those lines are when the files were written last.
 */
export async function rebuildIndex(log: LogFolder): Promise<void> {
  const { sources, path } = log;
  for (const { number } of sources.list) {
    const written = (await ifThere(stat(sources.path(number))))?.mtime ?? new Date(0);
    // What something that outlived its pod printed after the end is no part of the log.
    await createWriter(log, () => written).takeLast([number], sources.whole?.sizes[number]);
  }
  await sources.finish(wholeOf(log));
  log.isRebuilt = true;
  await log.files.close(path);
}

async function examineRecords(log: LogFolder): Promise<void> {
  const selection = createSelection(log, {}, { position: 0, from: new Map() });
  const { count } = log.index;
  for (let batch = await selection.next(count); batch !== null; batch = await selection.next(count))
    await readRecords(log, batch);
}

async function bytesOnDisk(log: LogFolder): Promise<number> {
  const files = log.sources.list.map((source) => log.sources.path(source.number));
  const sizes = await Promise.all([...files, `${log.path}/index`, `${log.path}/sources`].map(sizeOf));
  return sizes.reduce((sum, size) => sum + size, 0);
}
