import { crc32 } from 'node:zlib';
import { eachAtMost } from '../../base/async/at-most.ts';
import { lastLine, lineEnds, lookAt, nextWindow, type LineCursor, type LineSpan } from '../split.ts';
import type { IndexRecord } from '../index-record.ts';
import { orderTakes, type WaitingLines } from '../order.ts';
import type { LogFolder } from './log-folder.ts';

/** Turns bytes of sources into lines: what has been read so far of each, and what the index says of it. */
export interface LogWriter {
  /** Takes the new lines of these sources, in the order of the reports; none beyond the given size of its file. */
  take(reports: readonly number[], until?: ReadonlyMap<number, number>): Promise<void>;
  /** Takes all that is left of these sources, of each an unterminated last line too; none beyond that size. */
  takeLast(sources: readonly number[], until?: number): Promise<void>;
}

type Sizes = ReadonlyMap<number, number>;

/** The front of a source's new bytes: where its complete lines end. */
interface Front extends WaitingLines {
  ends: number[];
  window: ReadWindow;
}

/** Bytes of a source as they were read, from `position` on. */
interface ReadWindow {
  position: number;
  bytes: Buffer;
}

/** Bytes looked at together: what one record covers, unless a line is longer. */
const WINDOW = 256 * 1024;
/** Most of the time few bytes are new. */
const FIRST_WINDOW = 4 * 1024;
/** Bytes of each source looked at to put the lines of several into order. */
const ORDER_WINDOW = 32 * 1024;
/** Sources that are looked at together. */
const LOOKED_AT_ONCE = 16;
/** Records after which the index is written, so that followers need not wait for a long backlog. */
const BATCH = 512;

export function createWriter(log: LogFolder, now: () => Date): LogWriter {
  let records: IndexRecord[] = [];
  /** Where the cursors will be once `records` are in the index. */
  let ahead = new Map<number, LineCursor>();

  const cursorOf = (source: number): LineCursor =>
    ahead.get(source) ?? log.cursors.get(source) ?? { end: 0, scanned: 0 };

  async function add(source: number, span: LineSpan, seen: ReadWindow | null): Promise<void> {
    const last = records.at(-1);
    const first = last ? last.first + last.lines : log.index.lastSequence + 1;
    const time = now().getTime();
    records.push({ ...span, source, first, time, sum: await sumOf(log, { ...span, source }, seen) });
    if (records.length >= BATCH) await flush();
  }

  async function flush(): Promise<void> {
    if (records.length > 0) await log.index.append(records);
    for (const [source, cursor] of ahead) log.cursors.set(source, cursor);
    const grown = records.length > 0;
    records = [];
    ahead = new Map();
    if (grown) log.waiters.wake();
  }

  async function takeRest(source: number, last: boolean, until = Infinity): Promise<void> {
    const path = log.sources.path(source);
    let buffer = Buffer.allocUnsafe(FIRST_WINDOW);
    for (let more = true; more;) {
      const cursor = cursorOf(source);
      const { position, length } = nextWindow(cursor);
      const room = buffer.subarray(0, Math.max(0, Math.min(length, until - position)));
      const bytes = room.subarray(0, await log.files.read(path, room, position));
      if (position + bytes.length <= cursor.scanned) break;
      const next = lookAt(cursor, { position, bytes });
      ahead.set(source, next.cursor);
      if (next.span) await add(source, next.span, { position, bytes });
      more = bytes.length === room.length || next.cursor.scanned < position + bytes.length;
      if (more && buffer.length < WINDOW) buffer = Buffer.allocUnsafe(WINDOW);
    }
    const span = last ? lastLine(cursorOf(source)) : null;
    if (!span) return;
    ahead.set(source, { end: cursorOf(source).scanned, scanned: cursorOf(source).scanned });
    await add(source, span, null);
  }

  async function takeInOrder(reports: readonly number[], until: Sizes): Promise<void> {
    const ends = new Map([...new Set(reports)].map((source) => [source, cursorOf(source).end]));
    const fronts = await lookAtFront(log, ends, until);
    for (const { source, lines } of orderTakes(reports, fronts)) {
      if (lines === 'rest') await takeRest(source, false, sizeIn(until, source));
      else await takeLines(source, fronts.get(source), lines);
    }
  }

  async function takeLines(source: number, front: Front | undefined, lines: number): Promise<void> {
    const taken = front?.ends.splice(0, lines) ?? [];
    const end = taken.at(-1);
    if (front === undefined || end === undefined) return;
    const offset = cursorOf(source).end;
    ahead.set(source, { end, scanned: end });
    await add(source, { offset, length: end - offset, lines: taken.length, partial: false }, front.window);
  }

  async function undoOnFailure(work: () => Promise<void>): Promise<void> {
    try {
      await work();
      await flush();
    } catch (error) {
      records = [];
      ahead = new Map();
      throw error;
    }
  }

  return {
    take: (reports, until = new Map()) =>
      undoOnFailure(async () => {
        const [only, ...others] = new Set(reports);
        if (others.length > 0) await takeInOrder(reports, until);
        else if (only !== undefined) await takeRest(only, false, sizeIn(until, only));
        await flush();
        if (noteOpenLines(log, new Set(reports), until)) log.waiters.wake();
      }),
    takeLast: (sources, until) =>
      undoOnFailure(async () => {
        for (const source of sources) await takeRest(source, true, until);
        for (const source of sources) log.open.delete(source);
      }),
  };
}

/** Of the bytes that were read anyway; of a line that came in several parts, the whole is read once more. */
async function sumOf(
  log: LogFolder,
  { source, offset, length }: { source: number; offset: number; length: number },
  seen: ReadWindow | null,
): Promise<number> {
  if (seen !== null && offset >= seen.position)
    return crc32(seen.bytes.subarray(offset - seen.position, offset - seen.position + length));
  const bytes = Buffer.allocUnsafe(length);
  return crc32(bytes.subarray(0, await log.files.read(log.sources.path(source), bytes, offset)));
}

function sizeIn(until: Sizes, source: number): number {
  return until.get(source) ?? Infinity;
}

/** Looks which of these sources end within a line now; whether anything is new there. */
function noteOpenLines(log: LogFolder, sources: Iterable<number>, until: Sizes): boolean {
  let isNew = false;
  for (const source of sources) {
    const { end, scanned } = log.cursors.get(source) ?? { end: 0, scanned: 0 };
    const size = Math.max(scanned, until.get(source) ?? 0);
    const known = log.open.get(source);
    if (size <= end) log.open.delete(source);
    else if (known?.start !== end) log.open.set(source, { start: end, size, since: performance.now() });
    else if (known.size < size) known.size = size;
    else continue;
    isNew ||= size > end;
  }
  return isNew;
}

/** The ends of the complete lines at the front of each of these sources, as far as a window shows. */
async function lookAtFront(
  log: LogFolder,
  from: ReadonlyMap<number, number>,
  until: Sizes,
): Promise<Map<number, Front>> {
  const fronts = new Map<number, Front>();
  await eachAtMost(LOOKED_AT_ONCE, from, async ([source, end]) => {
    const buffer = Buffer.allocUnsafe(ORDER_WINDOW);
    const room = buffer.subarray(0, Math.max(0, sizeIn(until, source) - end));
    const bytes = Buffer.from(buffer.subarray(0, await log.files.read(log.sources.path(source), room, end)));
    const ends = lineEnds(bytes, bytes.length).map((at) => end + at);
    const window = { position: end, bytes };
    fronts.set(source, { ends, lines: ends.length, more: bytes.length === buffer.length, window });
  });
  return fronts;
}
