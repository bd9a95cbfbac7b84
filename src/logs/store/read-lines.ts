import { isAscii } from 'node:buffer';
import { countBack, startTailCount, tailGroup, wantsSource } from '../filter.ts';
import type { IndexRecord } from '../index-record.ts';
import type { LogFilter, LogSource } from '../line.ts';
import { endLine, encodeLines, tailLine } from '../wire.ts';
import { INDEX_PAGE } from './index-file.ts';
import type { LogFolder } from './log-folder.ts';
import { createSelection, readRecords, type Selected } from './reader.ts';

/** Characters given out together: what a socket takes at once, and little enough for many followers. */
const CHUNK = 256 * 1024;

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
      yield* encode(log, batch, await readRecords(log, batch));
      signal.throwIfAborted();
    }
    if (!options.follow || ended) break;
    if (!log.ended && log.index.count === count) await log.waiters.wait(signal);
  }
  yield Buffer.from(endLine(log.index.lastSequence));
}

function* encode(
  log: LogFolder,
  batch: readonly Selected[],
  contents: readonly Buffer[],
): Generator<Uint8Array> {
  const sources = batch.map(({ record }) => sourceOf(log, record));
  const encoding = encodingOf(sources, contents);
  let text = '';
  for (const [index, { record, skip }] of batch.entries()) {
    const [source, content] = [sources[index], contents[index]];
    if (!source || !content) throw new Error(`record ${record.first} has no bytes`);
    for (const piece of encodeLines(record, source, { text: content.toString(encoding), skip })) {
      text += piece;
      if (text.length < CHUNK) continue;
      yield Buffer.from(text, encoding);
      text = '';
    }
  }
  if (text !== '') yield Buffer.from(text, encoding);
}

function sourceOf(log: LogFolder, record: IndexRecord): LogSource {
  const source = log.sources.list[record.source];
  if (!source) throw new Error(`record ${record.first} is of a source that is not in the table`);
  return source;
}

/** Text that is ASCII only becomes the same bytes in either, but sooner in one of them. */
function encodingOf(sources: readonly LogSource[], contents: readonly Buffer[]): 'latin1' | 'utf8' {
  const plain = sources.every(({ pod }) => pod === null || /^[ -~]*$/.test(pod));
  return plain && contents.every((content) => isAscii(content)) ? 'latin1' : 'utf8';
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
