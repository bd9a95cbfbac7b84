/** When a node took a line in, exact to the nanosecond. */
export interface Stamp {
  /** Since 1970, UTC, whole. */
  seconds: number;
  nanos: number;
}

/** Bytes of the longest stamp: `2006-01-02T15:04:05.000000000+07:00`. */
export const STAMP_BYTES = 35;

const SHORTEST = '2006-01-02T15:04:05Z'.length;
const ZERO = 0x30;
const NINE = 0x39;

export function isSame(one: Stamp, other: Stamp): boolean {
  return one.seconds === other.seconds && one.nanos === other.nanos;
}

export function isBefore(one: Stamp, other: Stamp): boolean {
  return one.seconds < other.seconds || (one.seconds === other.seconds && one.nanos < other.nanos);
}

/** As RFC 3339 in UTC; for people, and without fraction for `sinceTime`. */
export function formatStamp({ seconds, nanos }: Stamp): string {
  const whole = formatSeconds(seconds).slice(0, -1);
  return nanos === 0 ? `${whole}Z` : `${whole}.${String(nanos).padStart(9, '0')}Z`;
}

export function formatSeconds(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}

/** Reads RFC 3339 with at most nine digits after the point; null for everything else. */
export function readStamp(bytes: Uint8Array, start: number, end: number): Stamp | null {
  if (end - start < SHORTEST || end - start > STAMP_BYTES) return null;
  if (!hasForm(bytes, start)) return null;
  const part = (at: number, length: number): number => digits(bytes, start + at, length);
  const date = Date.UTC(part(0, 4), part(5, 2) - 1, part(8, 2), part(11, 2), part(14, 2), part(17, 2));
  const fraction = readFraction(bytes, start + 19);
  const offset = readOffset(bytes, fraction.end, end);
  if (Number.isNaN(date) || Number.isNaN(fraction.nanos) || offset === null) return null;
  return { seconds: date / 1000 - offset, nanos: fraction.nanos };
}

/** `-`, `-`, `T`, `:`, `:` where they belong. */
function hasForm(bytes: Uint8Array, start: number): boolean {
  return (
    bytes[start + 4] === 0x2d &&
    bytes[start + 7] === 0x2d &&
    bytes[start + 10] === 0x54 &&
    bytes[start + 13] === 0x3a &&
    bytes[start + 16] === 0x3a
  );
}

/** NaN when one of them is no digit. */
function digits(bytes: Uint8Array, start: number, length: number): number {
  let value = 0;
  for (let at = start; at < start + length; at++) {
    const byte = bytes[at] ?? 0;
    value = isDigit(byte) ? value * 10 + byte - ZERO : Number.NaN;
  }
  return value;
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= NINE;
}

function readFraction(bytes: Uint8Array, start: number): { nanos: number; end: number } {
  if (bytes[start] !== 0x2e) return { nanos: 0, end: start };
  let end = start + 1;
  while (isDigit(bytes[end] ?? 0)) end++;
  const length = end - start - 1;
  if (length === 0 || length > 9) return { nanos: Number.NaN, end };
  return { nanos: digits(bytes, start + 1, length) * 10 ** (9 - length), end };
}

/** Seconds east of UTC; null when what stands there is no offset that reaches to the end. */
function readOffset(bytes: Uint8Array, start: number, end: number): number | null {
  if (bytes[start] === 0x5a) return start + 1 === end ? 0 : null;
  const sign = bytes[start] === 0x2b ? 1 : bytes[start] === 0x2d ? -1 : 0;
  if (sign === 0 || start + 6 !== end || bytes[start + 3] !== 0x3a) return null;
  const seconds = digits(bytes, start + 1, 2) * 3600 + digits(bytes, start + 4, 2) * 60;
  return Number.isNaN(seconds) ? null : sign * seconds;
}
