import { join } from 'node:path';
import { decodeRecord, encodeRecord, RECORD_BYTES, type IndexRecord } from '../logs/index-record.ts';
import type { LogFiles } from './files.ts';

/** The index of one log: records in the order of their lines, appended by one process only. */
export interface IndexFile {
  /** Records that are on disk: readers may read these. */
  readonly count: number;
  /** Sequence of the last line on disk; 0 when there is none. */
  readonly lastSequence: number;
  append(records: readonly IndexRecord[]): Promise<void>;
  /** At most `limit` records from `position` on; fewer only at the end. */
  read(position: number, limit: number): Promise<IndexRecord[]>;
  /** Position of the record that holds the first line after this sequence. */
  seek(after: number): Promise<number>;
}

/** Records read at once. */
export const INDEX_PAGE = 1024;

/**
 * Opens an index and checks all of it: what comes after the first record that is torn, or that `accept` refuses
 * (it sees them in order), is cut off.
 */
export async function openIndex(
  folder: string,
  files: LogFiles,
  accept: (record: IndexRecord) => boolean,
): Promise<IndexFile> {
  const path = join(folder, 'index');
  let count = 0;
  let lastSequence = 0;

  async function read(position: number, limit: number): Promise<IndexRecord[]> {
    const page = Buffer.allocUnsafe(limit * RECORD_BYTES);
    const bytes = await files.read(path, page, position * RECORD_BYTES);
    return decodePage(page, bytes);
  }

  function follow(record: IndexRecord): void {
    count++;
    lastSequence += record.lines;
  }

  for (let sound = true; sound; ) {
    const page = await read(count, INDEX_PAGE);
    for (const record of page) {
      sound &&= record.first === lastSequence + 1 && accept(record);
      if (sound) follow(record);
    }
    sound &&= page.length === INDEX_PAGE;
  }

  const tail = await files.read(path, Buffer.allocUnsafe(1), count * RECORD_BYTES);
  if (tail > 0) await files.truncate(path, count * RECORD_BYTES);

  return {
    get count() {
      return count;
    },
    get lastSequence() {
      return lastSequence;
    },
    async append(records) {
      await files.write(path, encodePage(records), count * RECORD_BYTES);
      records.forEach(follow);
    },
    read: (position, limit) => read(position, Math.min(limit, count - position)),
    async seek(after) {
      let low = 0;
      let high = count;
      while (low < high) {
        const middle = (low + high) >>> 1;
        const [record] = await read(middle, 1);
        if (record && record.first + record.lines - 1 > after) high = middle;
        else low = middle + 1;
      }
      return low;
    },
  };
}

function encodePage(records: readonly IndexRecord[]): Buffer {
  const page = Buffer.alloc(records.length * RECORD_BYTES);
  const view = new DataView(page.buffer, page.byteOffset, page.length);
  records.forEach((record, index) => encodeRecord(record, view, index * RECORD_BYTES));
  return page;
}

/** The whole records at the start of a page, up to the first torn one. */
function decodePage(page: Buffer, bytes: number): IndexRecord[] {
  const view = new DataView(page.buffer, page.byteOffset, page.length);
  const records: IndexRecord[] = [];
  for (let at = 0; at + RECORD_BYTES <= bytes; at += RECORD_BYTES) {
    const record = decodeRecord(view, at);
    if (!record) break;
    records.push(record);
  }
  return records;
}
