import { crc32 } from 'node:zlib';
import { tailGroup, wantedOf, wantsSource, type WantedLines } from '../../filter.ts';
import type { IndexRecord } from '../../index-record.ts';
import type { LogFilter } from '../../line.ts';
import { INDEX_PAGE } from '../index-file.ts';
import type { LogFolder } from '../log-folder.ts';

/** Wanted lines: a record, less some lines at its start. */
export interface Selected {
  record: IndexRecord;
  skip: number;
}

/** Bytes of sources that are read and given out together: bounds what a reader holds. */
const BATCH_BYTES = 256 * 1024;

/** Walks the index; what is to be read next is decided only when somebody asks. */
export interface IndexSelection {
  /** The next wanted records, never many bytes; null when all that are on disk up to `end` have been seen. */
  next(end: number): Promise<Selected[] | null>;
}

/**
 * @param select.from first wanted sequence of each tail group; groups that are not there are wanted whole
 */
export function createSelection(
  log: LogFolder,
  filter: LogFilter,
  select: { position: number; from: ReadonlyMap<string, number> },
): IndexSelection {
  const after = filter.after ?? 0;
  const before = filter.before ?? Number.POSITIVE_INFINITY;
  const since = filter.since === undefined ? Number.NEGATIVE_INFINITY : Date.parse(filter.since);
  const until = filter.until === undefined ? Number.POSITIVE_INFINITY : Date.parse(filter.until);
  const wanted: (WantedLines | null)[] = [];
  let page: IndexRecord[] = [];
  let read = 0;
  let position = select.position;

  function wantedFrom(number: number): WantedLines | null {
    const known = wanted[number];
    if (known !== undefined) return known;
    const source = log.sources.list[number];
    const from = source ? (select.from.get(tailGroup(source)) ?? 0) : 0;
    return (wanted[number] =
      source && wantsSource(filter, source) ? { after, before, since, until, from } : null);
  }

  async function peek(end: number): Promise<IndexRecord | null> {
    if (position >= end) return null;
    if (read >= page.length) {
      page = await log.index.read(position, Math.min(INDEX_PAGE, end - position));
      read = 0;
    }
    return page[read] ?? null;
  }

  return {
    async next(end) {
      const batch: Selected[] = [];
      let bytes = 0;
      for (let record = await peek(end); record; record = await peek(end)) {
        if (batch.length >= INDEX_PAGE || (batch.length > 0 && bytes + record.length > BATCH_BYTES))
          return batch;
        read++;
        position++;
        const condition = wantedFrom(record.source);
        const selected = condition && wantedOf(record, condition);
        if (selected === null) continue;
        batch.push(selected);
        bytes += record.length;
      }
      return batch.length > 0 ? batch : null;
    },
  };
}

/** A record, and what the file of its source holds for it now. */
export interface ReadRecord extends Selected {
  bytes: Buffer;
  /** Whether these are the bytes that were written there; without a sum of them, whether they are as many. */
  isSound: boolean;
}

/** The bytes of these records, in their order; neighbours in a file are read at once. What is not sound is remembered. */
export async function readRecords(log: LogFolder, batch: readonly Selected[]): Promise<ReadRecord[]> {
  const runs = new Map<number, { from: number; to: number; members: number[] }[]>();
  for (const [index, { record }] of batch.entries()) {
    const ofSource = runs.get(record.source) ?? [];
    const run = ofSource.at(-1);
    if (run?.to === record.offset) {
      run.to += record.length;
      run.members.push(index);
    } else {
      ofSource.push({ from: record.offset, to: record.offset + record.length, members: [index] });
    }
    runs.set(record.source, ofSource);
  }
  const read: ReadRecord[] = [];
  for (const [source, ofSource] of runs) {
    for (const { from, to, members } of ofSource) {
      const whole = await log.readBytes(log.sources.path(source), from, to - from);
      for (const index of members) {
        const selected = batch[index];
        if (selected === undefined) continue;
        const { record } = selected;
        const bytes = whole.subarray(record.offset - from, record.offset - from + record.length);
        const isSound =
          bytes.length === record.length && (record.sum === null || crc32(bytes) === record.sum);
        if (!isSound) log.damage.add(record);
        read[index] = { ...selected, bytes, isSound };
      }
    }
  }
  return read;
}
