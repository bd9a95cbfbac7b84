import { join } from 'node:path';
import { decodeRecord, encodeRecord, RECORD_BYTES, type IndexRecord } from '../index-record.ts';
import { sizeOf, type LogFiles, type ReadBytes } from './files.ts';

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

/** How a log's files are read and written. */
export interface Disk {
  files: LogFiles;
  readBytes: ReadBytes;
}

/** What is on disk of an index. */
interface Extent {
  count: number;
  lastSequence: number;
}

/** What is on disk of an index up to the first record that is torn, does not follow the one before, or is refused. */
export interface Scanned extends Extent {
  /** Bytes behind that. */
  rest: number;
}

/** Reads all of an index; `accept` sees its records in order. */
export async function scanIndex(
  folder: string,
  { readBytes }: Disk,
  accept: (record: IndexRecord) => boolean,
): Promise<Scanned> {
  const path = join(folder, 'index');
  const extent = { count: 0, lastSequence: 0 };
  for (let sound = true; sound;) {
    const page = await readPage(readBytes, path, { position: extent.count, limit: INDEX_PAGE });
    for (const record of page) {
      sound &&= record.first === extent.lastSequence + 1 && accept(record);
      if (sound) extend(extent, record);
    }
    sound &&= page.length === INDEX_PAGE;
  }
  return { ...extent, rest: (await sizeOf(path)) - extent.count * RECORD_BYTES };
}

/** The index as far as it is sound; the rest is cut off, should there be any. */
export async function openIndex(folder: string, disk: Disk, scanned: Scanned): Promise<IndexFile> {
  const path = join(folder, 'index');
  const { count, lastSequence, rest } = scanned;
  if (rest > 0) await disk.files.truncate(path, count * RECORD_BYTES);
  return indexFile(path, disk, { count, lastSequence });
}

function indexFile(path: string, { files, readBytes }: Disk, extent: Extent): IndexFile {
  const read = (position: number, limit: number): Promise<IndexRecord[]> =>
    readPage(readBytes, path, { position, limit: Math.min(limit, extent.count - position) });
  return {
    get count() {
      return extent.count;
    },
    get lastSequence() {
      return extent.lastSequence;
    },
    async append(records) {
      await files.write(path, encodePage(records), extent.count * RECORD_BYTES);
      for (const record of records) extend(extent, record);
    },
    read,
    async seek(after) {
      let low = 0;
      let high = extent.count;
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

function extend(extent: Extent, record: IndexRecord): void {
  extent.count++;
  extent.lastSequence += record.lines;
}

async function readPage(
  readBytes: ReadBytes,
  path: string,
  { position, limit }: { position: number; limit: number },
): Promise<IndexRecord[]> {
  return decodePage(await readBytes(path, position * RECORD_BYTES, limit * RECORD_BYTES));
}

function encodePage(records: readonly IndexRecord[]): Buffer {
  const page = Buffer.alloc(records.length * RECORD_BYTES);
  const view = new DataView(page.buffer, page.byteOffset, page.length);
  records.forEach((record, index) => encodeRecord(record, view, index * RECORD_BYTES));
  return page;
}

/** The whole records at the start of a page, up to the first torn one. */
function decodePage(page: Buffer): IndexRecord[] {
  const view = new DataView(page.buffer, page.byteOffset, page.length);
  const records: IndexRecord[] = [];
  for (let at = 0; at + RECORD_BYTES <= page.length; at += RECORD_BYTES) {
    const record = decodeRecord(view, at);
    if (!record) break;
    records.push(record);
  }
  return records;
}
