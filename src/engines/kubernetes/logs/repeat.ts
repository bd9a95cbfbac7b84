const NEWLINE = 0x0a;
/** `2006-01-02 15:04:05,000`, as programs begin what they say about themselves. */
const CLOCK = /^\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:[.,]\d+)?/;
const CLOCK_BYTES = 26;

/**
 * A submitter that is started again prints, after the line in which it names the server, what the first one printed
 * after such a line, all from the beginning. Where in `before` (the start of what was printed) that is: a place
 * whose lines are those of `head` but for the time they begin with. Null: nowhere; with several, the first.
 *
 * @param head whole lines, the first ones of what is printed now
 */
export function findRepeat(before: Buffer, head: Buffer): number | null {
  const wanted = linesOf(head).map(withoutClock);
  const lines = linesOf(before);
  const known = lines.map(withoutClock);
  if (wanted.length === 0) return null;
  for (let first = 0, offset = 0; first < lines.length; offset += lines[first++]?.length ?? 0) {
    const here = known.slice(first, first + wanted.length);
    if (here.every((line, index) => line === wanted[index])) return offset;
  }
  return null;
}

/**
 * Bytes at the front in which both are the same, but for digits near the start of a line (the time).
 *
 * @param column of their first bytes in a line
 */
export function sameBytes(one: Buffer, other: Buffer, column: number): number {
  const length = Math.min(one.length, other.length);
  if (one.subarray(0, length).equals(other.subarray(0, length))) return length;
  let place = column;
  for (let at = 0; at < length; at++) {
    const [here, there] = [one[at] ?? 0, other[at] ?? 0];
    if (here !== there && !(place < CLOCK_BYTES && isDigit(here) && isDigit(there))) return at;
    place = here === NEWLINE ? 0 : place + 1;
  }
  return length;
}

/** The first `count` whole lines; Null: there are not that many yet. */
export function firstLines(bytes: Buffer, count: number): Buffer | null {
  const lines = linesOf(bytes).slice(0, count);
  if (lines.length < count) return null;
  return bytes.subarray(
    0,
    lines.reduce((sum, line) => sum + line.length, 0),
  );
}

/** With their newlines; what follows the last one is left out. */
function linesOf(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  for (let start = 0, end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
    lines.push(bytes.subarray(start, end + 1));
    start = end + 1;
  }
  return lines;
}

function withoutClock(line: Buffer): string {
  return line.toString('latin1').replace(CLOCK, '');
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

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
