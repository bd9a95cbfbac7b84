import { LINE_LIMIT } from './line.ts';

/**
 * How the bytes of one source become lines. Bytes are looked at in windows, in any sizes and at any times; the
 * lines are always the same: a line ends at `\n`; above `limit` bytes it comes in parts, none of which ends
 * within a UTF-8 character.
 */
export interface LineCursor {
  /** Everything before this offset is in lines already. */
  end: number;
  /** There is no `\n` between `end` and this offset. */
  scanned: number;
}

/** Bytes of one source that hold whole lines (or one part of a long one), to be put into the index as one. */
export interface LineSpan {
  offset: number;
  length: number;
  lines: number;
  partial: boolean;
}

/** Bytes that a cut looks back over: a UTF-8 character has at most four. */
const LOOK_BACK = 3;
const NEWLINE = 0x0a;
const RETURN = 0x0d;

/** Which bytes to look at next: from `position`, at most `length` of them. */
export function nextWindow(cursor: LineCursor, limit = LINE_LIMIT): { position: number; length: number } {
  const position = Math.max(cursor.end, Math.min(cursor.scanned, cursor.end + limit - LOOK_BACK));
  return { position, length: cursor.end + limit + 1 - position };
}

/**
 * Looks at bytes that start where `nextWindow` said and are no more than it said. The span is null as long as
 * the present line has not ended.
 */
export function lookAt(
  cursor: LineCursor,
  window: { position: number; bytes: Uint8Array },
  limit = LINE_LIMIT,
): { cursor: LineCursor; span: LineSpan | null } {
  const { position, bytes } = window;
  const scanned = position + bytes.length;
  const last = bytes.lastIndexOf(NEWLINE);
  if (last >= 0) {
    const end = position + last + 1;
    const span = {
      offset: cursor.end,
      length: end - cursor.end,
      lines: countNewlines(bytes),
      partial: false,
    };
    return { cursor: { end, scanned }, span };
  }
  if (scanned - cursor.end <= limit) return { cursor: { end: cursor.end, scanned }, span: null };
  const end = position + cutBefore(bytes, cursor.end + limit - position);
  const span = { offset: cursor.end, length: end - cursor.end, lines: 1, partial: true };
  return { cursor: { end, scanned: end }, span };
}

/** The unterminated last line, once no more bytes will come. */
export function lastLine(cursor: LineCursor): LineSpan | null {
  if (cursor.scanned === cursor.end) return null;
  return { offset: cursor.end, length: cursor.scanned - cursor.end, lines: 1, partial: false };
}

/**
 * What a terminal shows of a line that has not ended: the text behind its last `\r`, or before it when nothing has
 * come since.
 *
 * @param cut the bytes begin somewhere within the line
 */
export function presentState(bytes: Uint8Array, cut: boolean): Uint8Array {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === RETURN) end--;
  const start = end === 0 ? 0 : bytes.lastIndexOf(RETURN, end - 1) + 1;
  if (!cut || start > 0) return bytes.subarray(start, end);
  let first = 0;
  while (first < LOOK_BACK && isContinuation(bytes[first])) first++;
  return bytes.subarray(first, end);
}

/** Ends (offset after `\n`) of at most `limit` lines at the start of these bytes. */
export function lineEnds(bytes: Uint8Array, limit: number): number[] {
  const ends: number[] = [];
  for (let at = bytes.indexOf(NEWLINE); at >= 0 && ends.length < limit; at = bytes.indexOf(NEWLINE, at + 1)) {
    ends.push(at + 1);
  }
  return ends;
}

export function countNewlines(bytes: Uint8Array): number {
  let lines = 0;
  for (let at = 0; at < bytes.length; at++) if (bytes[at] === NEWLINE) lines++;
  return lines;
}

/** The largest place up to `at` where bytes can be cut without splitting a UTF-8 character. */
function cutBefore(bytes: Uint8Array, at: number): number {
  if (!isContinuation(bytes[at])) return at;
  for (let back = 1; back <= LOOK_BACK && at - back > 0; back++) {
    const byte = bytes[at - back];
    if (!isContinuation(byte)) return characterLength(byte) > back ? at - back : at;
  }
  return at;
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}

/** Bytes of a character that begins with this one; 1 for what begins none. */
function characterLength(byte: number | undefined): number {
  if (byte === undefined || byte < 0xc2 || byte > 0xf4) return 1;
  if (byte < 0xe0) return 2;
  return byte < 0xf0 ? 3 : 4;
}
