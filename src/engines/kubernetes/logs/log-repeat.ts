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
