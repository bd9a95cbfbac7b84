import { countBack, startTailCount, tailGroup, wantsSource } from '../filter.ts';
import { encodeRecords, type RecordBytes } from './encode.ts';
import type { LogFilter } from '../line.ts';
import { endLine, tailLine } from '../wire.ts';
import { INDEX_PAGE } from './index-file.ts';
import type { LogFolder } from './log-folder.ts';
import { createSelection, readRecords, type Selected } from './reader.ts';

/**
 * A log as it travels (`logs/wire.ts`). Followed, it ends when no line will ever come; else with the lines that
 * are there now. Throws the signal's reason when that is aborted. Holds one batch of bytes at most, and only
 * while somebody reads.
 */
export async function* readLines(
  log: LogFolder,
  filter: LogFilter,
  options: { follow: boolean; signal: AbortSignal },
): AsyncGenerator<Uint8Array> {
  const { signal } = options;
  signal.throwIfAborted();
  const { last, from } = await tailStarts(log, filter);
  if (filter.tail !== undefined) yield Buffer.from(tailLine(last));
  const first = filter.tail === undefined ? 0 : Math.min(last + 1, ...from.values()) - 1;
  const position = await log.index.seek(Math.max(filter.after ?? 0, first));
  const selection = createSelection(log, filter, { position, from });
  const atStart = log.index.count;
  for (;;) {
    const ended = log.ended;
    const count = log.index.count;
    for (;;) {
      const batch = await selection.next(options.follow ? count : atStart);
      signal.throwIfAborted();
      if (!batch) break;
      yield* encodeRecords(recordsOf(log, batch, await readRecords(log, batch)));
      signal.throwIfAborted();
    }
    if (!options.follow || ended) break;
    if (!log.ended && log.index.count === count) await log.waiters.wait(signal);
  }
  yield Buffer.from(endLine(log.index.lastSequence));
}

/** The records of a batch, each beside its bytes and its source. */
function recordsOf(log: LogFolder, batch: readonly Selected[], contents: readonly Buffer[]): RecordBytes[] {
  return batch.map(({ record, skip }, index) => {
    const [source, bytes] = [log.sources.list[record.source], contents[index]];
    if (!source || !bytes) throw new Error(`record ${record.first} has no source or no bytes`);
    return { record, source, bytes, skip };
  });
}

/** Where the tail of each group begins, counted from the end of the index; and which line is the end. */
async function tailStarts(
  log: LogFolder,
  filter: LogFilter,
): Promise<{ last: number; from: Map<string, number> }> {
  const last = Math.min(filter.tail_at ?? Number.POSITIVE_INFINITY, log.index.lastSequence);
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
      if (group) countBack(count, group, record, last);
    }
    position = start;
  }
  const from = new Map(count.from);
  for (const group of count.missing.keys()) from.set(group, 0);
  return { last, from };
}
