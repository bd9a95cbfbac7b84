import { findRepeat, firstLines, sameBytes } from './log-repeat.ts';

/** A log that may say again what the file has: held back as long as it does. */
export interface Repetition {
  /** What came next. Null: nothing new so far. */
  take(bytes: Buffer): Promise<News | null>;
  /** Nothing will come any more. */
  end(): Promise<News>;
}

/** From where on a log says something new. */
export interface News {
  /** From the beginning of a line on. */
  bytes: Buffer;
  /** Where in the file the log's first byte is, … */
  base: number;
  /** … and how many of the bytes from there on it has. */
  same: number;
}

interface RepetitionOptions {
  read: (position: number, length: number) => Promise<Buffer>;
  /** Of the file. */
  size: number;
}

/** Lines that must be the same for a repetition to have begun, so that no chance does it. */
const HEAD_LINES = 2;
/** Bytes at the start of the file in which it may begin. */
const WINDOW = 64 * 1024;
const NEWLINE = 0x0a;

export function createRepetition({ read, size }: RepetitionOptions): Repetition {
  let held: Buffer = Buffer.alloc(0);
  let base: number | null = null;
  /** Where in the file what comes next should be. */
  let at = 0;
  /** Where the line that it belongs to begins. */
  let lineAt = 0;

  async function begin(head: Buffer): Promise<News | null> {
    const bytes = held;
    held = Buffer.alloc(0);
    base = findRepeat(await read(0, Math.min(size, WINDOW)), head);
    if (base === null) return { bytes, base: size, same: 0 };
    at = lineAt = base;
    return compare(bytes, base);
  }

  async function compare(bytes: Buffer, start: number): Promise<News | null> {
    const known = await read(at, Math.min(bytes.length, size - at));
    const same = sameBytes(known, bytes, at - lineAt);
    const newline = known.subarray(0, same).lastIndexOf(NEWLINE);
    if (newline >= 0) lineAt = at + newline + 1;
    at += same;
    if (same === bytes.length) return null;
    // The file ends where the log goes on.
    if (at === size) return { bytes: bytes.subarray(same), base: start, same: size - start };
    const line = Buffer.concat([await read(lineAt, at - lineAt), bytes.subarray(same)]);
    return { bytes: line, base: start, same: lineAt - start };
  }

  return {
    async take(bytes) {
      if (base !== null) return compare(bytes, base);
      held = Buffer.concat([held, bytes]);
      const head = held.length < WINDOW ? firstLines(held, HEAD_LINES) : held;
      return head === null ? null : begin(head);
    },
    async end() {
      const head = firstLines(held, 1);
      const news = base === null && head !== null ? await begin(head) : null;
      if (news !== null) return news;
      if (base === null) return { bytes: held, base: size, same: 0 };
      return { bytes: Buffer.alloc(0), base, same: at - base };
    },
  };
}
