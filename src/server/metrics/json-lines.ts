import { crc32c } from '../../base/text/crc32c.ts';
import { newTail, type Tail, type TailReader } from './tail.ts';

/** How far a file of lines was read: plain data. */
export interface LinesRead {
  tail: Tail;
  /** Of the file up to the end of each of its lines: what was read already is known again in a copy of it. */
  checksums: number[];
}

/** A line of a file. */
export interface ReadLine {
  text: string;
  /** Which one of the file it is, from 1; null: so far on lines are not counted. */
  number: number | null;
  /** It has an end: the last one of a file may be a part of what was to be written. */
  isWhole: boolean;
}

const LONGEST_LINE = 1024 * 1024;
const NEWLINE = 0x0a;
/** Lines that are known again. */
const MOST_KNOWN = 100_000;

export const noLinesRead = (): LinesRead => ({ tail: newTail(), checksums: [] });

/**
 * Gives `take` the lines that are new in a file. Programs that go on from a checkpoint replace the file by the part of it that
 * still holds: those lines were taken, and do not come again.
 *
 * @param end nothing will be written any more: a last line without an end counts too
 */
export async function readNewLines(
  readOn: TailReader,
  read: LinesRead,
  { end, take }: { end: boolean; take: (line: ReadLine) => void },
): Promise<void> {
  const { tail } = read;
  const { inode, offset } = tail;
  let isBegun = false;
  let known: readonly number[] = [];

  function begin(): void {
    isBegun = true;
    if (tail.inode === inode && tail.offset >= offset) return;
    if (tail.inode !== inode) known = read.checksums;
    read.checksums = [];
  }

  function takeLines(bytes: Buffer): void {
    if (!isBegun) begin();
    for (let start = 0; start < bytes.length;) {
      const newline = bytes.indexOf(NEWLINE, start);
      const stop = newline === -1 ? bytes.length : newline + 1;
      const at = read.checksums.length;
      const checksum = crc32c(bytes, start, stop, read.checksums[at - 1] ?? 0);
      if (known[at] !== checksum) {
        known = [];
        const text = bytes.toString('utf8', start, stop);
        take({ text, number: at < MOST_KNOWN ? at + 1 : null, isWhole: newline !== -1 });
      }
      if (at < MOST_KNOWN) read.checksums.push(checksum);
      start = stop;
    }
  }

  await readOn(tail, (bytes) => {
    const consumed = bytes.lastIndexOf(NEWLINE) + 1;
    // Nobody means that as a line.
    if (consumed === 0 && bytes.length > LONGEST_LINE) return { consumed: bytes.length, needed: 1 };
    takeLines(bytes.subarray(0, consumed));
    return { consumed, needed: bytes.length + 1 };
  });
  if (!end) return;
  tail.needed = 1;
  await readOn(tail, (bytes) => {
    takeLines(bytes);
    return { consumed: bytes.length, needed: 1 };
  });
}
