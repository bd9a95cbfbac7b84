import { countBack, startTailCount, tailGroup, wantsSource } from '../../filter.ts';
import { encodeRecords, encodeText, type RecordBytes } from '../encode.ts';
import { OPEN_LIMIT, type LogFilter } from '../../line.ts';
import { presentState } from '../../split.ts';
import { endLine, tailLine } from '../../wire.ts';
import { INDEX_PAGE } from '../index-file.ts';
import type { LogFolder } from '../log-folder.ts';
import { createSelection, readRecords, type ReadRecord } from './reader.ts';
import { createTextSearch, recordsWith, type TextSearch } from './search.ts';
import { createWindow } from './window.ts';

export interface ReadOptions {
  follow: boolean;
  signal: AbortSignal;
  /** Lines as text behind the names of their pods, instead of JSON; not for followers. */
  isText?: boolean;
}

/**
 * A log as it travels (`logs/wire.ts`). Followed, it ends when no line will ever come; else with the lines that
 * are there now. Throws the signal's reason when that is aborted. Holds one batch of bytes at most, and only
 * while somebody reads.
 */
export async function* readLines(
  log: LogFolder,
  filter: LogFilter,
  options: ReadOptions,
): AsyncGenerator<Uint8Array> {
  const { signal, isText = false } = options;
  signal.throwIfAborted();
  const { last, from } = await tailStarts(log, filter);
  if (filter.tail !== undefined && !isText) yield Buffer.from(tailLine(last));
  const first = filter.tail === undefined ? 0 : Math.min(last + 1, ...from.values()) - 1;
  const position = await log.index.seek(Math.max(filter.after ?? 0, first));
  const selection = createSelection(log, filter, { position, from });
  const atStart = log.index.count;
  const search = filter.grep === undefined ? null : createTextSearch(filter.grep);
  const openLines = createOpenLines(log, filter, search);
  const window = createWindow(filter.offset ?? 0, filter.limit ?? Number.POSITIVE_INFINITY);
  while (!window.isFull()) {
    const ended = log.ended;
    const { count, lastSequence } = log.index;
    for (;;) {
      const batch = await selection.next(options.follow ? count : atStart);
      signal.throwIfAborted();
      if (!batch || window.isFull()) break;
      const taken = search === null ? window.take(batch) : batch;
      const records = taken.length === 0 ? [] : soundRecords(log, await readRecords(log, taken));
      const wanted = search === null ? records : window.take(recordsWith(search, records));
      if (wanted.length > 0) yield* isText ? encodeText(wanted) : encodeRecords(wanted);
      signal.throwIfAborted();
    }
    if (!options.follow || ended) break;
    if (log.index.count > count) continue;
    const open = openLines.due(performance.now());
    if (open.due.length > 0) yield* encodeRecords(await openLines.read(open.due, lastSequence));
    else if (!log.ended) await log.waiters.wait(signal, open.next);
  }
  yield Buffer.from(
    isText ? damageText(log.damage.told()) : endLine(log.index.lastSequence, log.damage.told()),
  );
}

/** Who saves a log as text reads at its end what is lost of it. */
function damageText(damage: readonly string[]): string {
  return damage.map((lost) => `(lost of this log: ${lost})\n`).join('');
}

/** Those whose lines are what was printed, each beside its bytes and its source. The others are told at the end. */
function soundRecords(log: LogFolder, read: readonly ReadRecord[]): RecordBytes[] {
  const sound: RecordBytes[] = [];
  for (const { record, skip, bytes, isSound } of read) {
    const source = log.sources.list[record.source];
    if (!source) throw new Error(`record ${record.first} has no source`);
    if (isSound) sound.push({ record, source, bytes, skip });
  }
  return sound;
}

/** Where the tail of each group begins, counted from the end of the index; and which line is the end. */
async function tailStarts(
  log: LogFolder,
  filter: LogFilter,
): Promise<{ last: number; from: Map<string, number> }> {
  const last = Math.min(
    filter.tail_at ?? Number.POSITIVE_INFINITY,
    (filter.before ?? Number.POSITIVE_INFINITY) - 1,
    log.index.lastSequence,
  );
  const until = filter.until === undefined ? Number.POSITIVE_INFINITY : Date.parse(filter.until);
  if (filter.tail === undefined) return { last, from: new Map() };
  const groups = log.sources.list.map((source) => (wantsSource(filter, source) ? tailGroup(source) : null));
  const count = startTailCount(
    filter.tail,
    groups.filter((group) => group !== null),
    last,
  );
  let position = log.index.count;
  while (position > 0 && count.missing.size > 0) {
    const start = Math.max(0, position - INDEX_PAGE);
    const page = await log.index.read(start, position - start);
    for (const record of page.reverse()) {
      const group = groups[record.source];
      if (group && record.time < until) countBack(count, group, record, last);
    }
    position = start;
  }
  const from = new Map(count.from);
  for (const group of count.missing.keys()) from.set(group, 0);
  return { last, from };
}

/** What one follower is told of lines that have not ended (progress bars): each as it stands, now and then. */
interface OpenLines {
  /** The sources whose open lines are to be told now, and in how many milliseconds to ask again (null: not at all). */
  due(now: number): { due: number[]; next: number | null };
  /** These as records to be given out; whoever resumes behind `lastSequence` misses nothing. */
  read(sources: readonly number[], lastSequence: number): Promise<RecordBytes[]>;
}

/** A line is told when it has been open for this long, and then as often as this at most. */
const FIRST_MS = 1000;
const AGAIN_MS = 500;

const NEWLINE = 0x0a;

function createOpenLines(log: LogFolder, filter: LogFilter, search: TextSearch | null): OpenLines {
  const told = new Map<number, { start: number; size: number; at: number; state: Buffer }>();

  async function readOne(number: number, lastSequence: number): Promise<RecordBytes | null> {
    const [source, line, before] = [log.sources.list[number], log.open.get(number), told.get(number)];
    if (!source || !line) return null;
    const { start, size } = line;
    const from = Math.max(start, size - OPEN_LIMIT);
    const bytes = await log.readBytes(log.sources.path(number), from, size - from);
    const state = Buffer.from(presentState(bytes, from > start));
    told.set(number, { start, size, at: performance.now(), state });
    // It has ended meanwhile, has nothing to show, or shows the same.
    if (bytes.includes(NEWLINE) || state.length === 0) return null;
    if (search?.isIn(state.toString('utf8')) === false) return null;
    if (before?.start === start && state.equals(before.state)) return null;
    const record = { first: lastSequence, lines: 1, source: number, offset: from, length: state.length };
    return {
      record: { ...record, time: Date.now(), partial: true, sum: null },
      source,
      bytes: state,
      skip: 0,
    };
  }

  return {
    due(now) {
      const due: number[] = [];
      let next: number | null = null;
      for (const [number, { start, size, since }] of log.open) {
        const source = log.sources.list[number];
        if (!source || source.closed || !wantsSource(filter, source)) continue;
        const before = told.get(number);
        if (before?.start === start && before.size === size) continue;
        const wait = Math.max(since + FIRST_MS, (before?.at ?? Number.NEGATIVE_INFINITY) + AGAIN_MS) - now;
        if (wait <= 0) due.push(number);
        else next = Math.min(next ?? wait, wait);
      }
      return { due, next };
    },
    async read(sources, lastSequence) {
      const records: RecordBytes[] = [];
      for (const number of sources) {
        const record = await readOne(number, lastSequence);
        if (record) records.push(record);
      }
      return records;
    },
  };
}
