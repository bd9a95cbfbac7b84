import { stat } from 'node:fs/promises';
import { ifThere } from '../../base/io/files.ts';
import { createTurn } from '../../base/async/turn.ts';
import type { LogSink } from '../../engines/engine.ts';
import { AichorError } from '../../errors.ts';
import type { LogFilter, LogSource } from '../line.ts';
import { findLines, type FoundLine } from './reading/find-lines.ts';
import { createLapse } from './lapse.ts';
import { sizeOf } from './files.ts';
import type { LogFolder } from './log-folder.ts';
import { readLines } from './reading/read-lines.ts';
import { readRaw, type RawOptions } from './reading/read-raw.ts';
import type { Whole } from './sources.ts';
import { createWriter } from './writer.ts';

/** The log of one experiment. */
export interface ExperimentLogs extends LogSink {
  /**
   * Whether anything of it is on disk, whether its index was made anew when it was opened, and what of it is lost for
   * good, in words.
   */
  facts(): { exists: boolean; isRebuilt: boolean; damage: readonly string[] };
  /** JSON lines as `logs/wire.ts` describes them, in chunks of any size. */
  read(filter: LogFilter, options: { follow: boolean; signal: AbortSignal }): AsyncIterable<Uint8Array>;
  /** Whole lines of the run that hold these bytes, of what is there now, from a place on; where to go on. */
  find(from: { position: number; bytes: Uint8Array }, take: (line: FoundLine) => void): Promise<number>;
  /** The exact bytes of one pod. */
  raw(options: RawOptions): AsyncIterable<Uint8Array>;
  /**
   * No line will ever come: what is left of every source becomes lines, followers end. Idempotent. Throws
   * AichorError `server_error` when that could not be put on disk (followers end all the same).
   */
  finish(): Promise<void>;
  bytesOnDisk(): Promise<number>;
}

/** The way to an opened log: one change at a time, reads at any time. */
export function createExperimentLogs(log: LogFolder, now: () => Date): ExperimentLogs {
  const writer = createWriter(log, now);
  const lapse = createLapse(log, now);
  const inTurn = createTurn();

  function numberOf(source: LogSource): number {
    const stored = log.sources.find(source);
    if (!stored) throw new Error(`log source ${JSON.stringify(source)} was never asked for`);
    return stored.number;
  }

  async function closeSource(source: LogSource): Promise<void> {
    const stored = log.sources.find(source);
    if (!stored) throw new Error(`log source ${JSON.stringify(source)} was never asked for`);
    await lapse.guard([stored.number], async () => {
      await writer.takeLast(stored.number);
      await log.sources.close(stored);
    });
    log.waiters.wake();
  }

  return {
    async file(source) {
      const stored = await log.sources.add(source);
      return log.sources.path(stored.number);
    },
    appended: (sources, sizes = new Map()) =>
      inTurn(async () => {
        const reports = sources.map(numberOf);
        const until = new Map([...sizes].map(([source, size]) => [numberOf(source), size]));
        await lapse.guard(reports, () => writer.take(reports, until));
      }),
    closed: (source) => inTurn(() => closeSource(source)),
    facts: () => ({
      exists: log.sources.finished || log.sources.list.length > 0,
      isRebuilt: log.isRebuilt,
      damage: log.sources.damage,
    }),
    read: (filter, options) => readLines(log, filter, options),
    find: (from, take) => findLines(log, { ...from, filter: { step: 'run' } }, take),
    raw: (options) => readRaw(log, options),
    finish: () => inTurn(() => finish(log, lapse, writer)),
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
    for (const source of log.sources.list) await writer.takeLast(source.number);
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
    await createWriter(log, () => written).takeLast(number, sources.whole?.sizes[number]);
  }
  await sources.finish(wholeOf(log));
  log.isRebuilt = true;
  await log.files.close(path);
}

async function bytesOnDisk(log: LogFolder): Promise<number> {
  const files = log.sources.list.map((source) => log.sources.path(source.number));
  const sizes = await Promise.all([...files, `${log.path}/index`, `${log.path}/sources`].map(sizeOf));
  return sizes.reduce((sum, size) => sum + size, 0);
}
