import { isUtf8 } from 'node:buffer';
import type { IndexRecord } from '../index-record.ts';
import type { LogSource } from '../line.ts';
import { LINE_START } from '../wire.ts';

/** One record, and what the file of its source holds for it. */
export interface RecordBytes {
  record: IndexRecord;
  source: LogSource;
  bytes: Buffer;
  /** Lines at its start that are left out. */
  skip: number;
}

/** Bytes given out together: what a socket takes at once, and little enough for many followers. */
const CHUNK = 256 * 1024;

const NEWLINE = 0x0a;
const RETURN = 0x0d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
const [ZERO, NINE] = [0x30, 0x39];

/** What JSON writes in place of a byte, at most `\u001b`: as `JSON.stringify` does it. */
const ESCAPES = Array.from({ length: BACKSLASH + 1 }, (_, byte) =>
  Buffer.from(JSON.stringify(String.fromCharCode(byte)).slice(1, -1)),
);
const LONGEST_ESCAPE = 6;
const LONGEST_NUMBER = 16;
const ESCAPED_RETURN = '\\r'.length;
const NOTHING = Buffer.alloc(0);

/**
 * The JSON lines (`logs/wire.ts`) of some records, in chunks of about 256 kB; only a longer line makes a larger one.
 *
 * The hot loop of `logs`, so it makes no string and no object for a line: what is the same for all lines of a record
 * is copied, the number is counted on in decimal digits, the text goes over byte by byte.
 */
export function* encodeRecords(records: readonly RecordBytes[]): Generator<Uint8Array> {
  let out = NOTHING;
  let at = 0;
  let left = records.reduce((sum, { record }) => sum + usualRoom(record), 0);
  for (const { record, source, bytes, skip } of records) {
    const text = isUtf8(bytes) ? bytes : Buffer.from(bytes.toString('utf8')); // puts U+FFFD for what is none
    const { before, after } = frameOf(record, source);
    const frame = LONGEST_NUMBER + before.length + after.length;
    let number: Buffer = Buffer.from(String(record.first + skip));
    let start = startOfLine(text, skip);
    let hasRoom = false;
    for (let line = skip; line < record.lines;) {
      // As much of the text as has room whatever it is.
      const limit = hasRoom ? text.length : start + Math.floor((out.length - at - frame) / LONGEST_ESCAPE);
      let to = at;
      let end = start;
      if (limit >= start) {
        for (let digit = 0; digit < number.length; digit++) out[to++] = number[digit] as number;
        to = put(before, out, to);
        const stop = Math.min(limit, text.length);
        for (; end < stop; end++) {
          const byte = text[end] as number;
          if (byte === NEWLINE) break;
          if (byte >= SPACE && byte !== QUOTE && byte !== BACKSLASH) out[to++] = byte;
          else to = put(ESCAPES[byte] as Buffer, out, to);
        }
      }
      if (limit < start || (end === limit && end < text.length && text[end] !== NEWLINE)) {
        if (at > LINE_BEGINS.length) yield out.subarray(0, at - LINE_BEGINS.length);
        const needed = LINE_BEGINS.length + frame + escapedLength(text, start);
        out = Buffer.allocUnsafe(Math.max(needed, Math.min(CHUNK, left)));
        at = put(LINE_BEGINS, out, 0);
        hasRoom = true;
        continue;
      }
      // A `\r` before the end of a line is no part of it; one at the end of a part is.
      if (!record.partial && end > start && text[end - 1] === RETURN) to -= ESCAPED_RETURN;
      at = put(after, out, to);
      number = successor(number);
      start = end + 1;
      hasRoom = false;
      line++;
    }
    left -= usualRoom(record);
  }
  if (at > LINE_BEGINS.length) yield out.subarray(0, at - LINE_BEGINS.length);
}

/**
 * The lines as text, each behind where it comes from (`worker-0-0 | …`; before `run` the step): for people, and `grep`.
 */
export function encodeText(records: readonly RecordBytes[]): Uint8Array[] {
  return records.map(({ record, source, bytes, skip }) => {
    // A byte a character: nothing but line ends is looked at.
    const lines = bytes.toString('latin1').split('\n').slice(skip, record.lines);
    const before = Buffer.from(`${source.pod ?? source.step} | `).toString('latin1');
    const text = lines.map((line) => `${before}${line.replace(/\r$/, '')}`).join('\n');
    return Buffer.from(`${text}\n`, 'latin1');
  });
}

/** Stands at the start of a chunk and, because one copy is cheaper than two, behind each line. */
const LINE_BEGINS = Buffer.from(LINE_START);

/** What stands between a line's number and its text, and between that and the next line's number. */
function frameOf(record: IndexRecord, source: LogSource): { before: Buffer; after: Buffer } {
  const time = new Date(record.time).toISOString();
  const before =
    `,"time":"${time}","step":${JSON.stringify(source.step)},"pod":${JSON.stringify(source.pod)},` +
    `"attempt":${source.attempt},"stream":${JSON.stringify(source.stream)},"text":"`;
  return {
    before: Buffer.from(before),
    after: Buffer.from(`","partial":${record.partial}}\n${LINE_START}`),
  };
}

/** Bytes that a record takes when little of it is escaped: how much room is made at once. */
function usualRoom(record: IndexRecord): number {
  return record.length + record.lines * 256;
}

function startOfLine(text: Buffer, line: number): number {
  let start = 0;
  for (let skipped = 0; skipped < line; skipped++) start += lengthOfLine(text, start) + 1;
  return start;
}

function lengthOfLine(text: Buffer, start: number): number {
  const newline = text.indexOf(NEWLINE, start);
  return (newline < 0 ? text.length : newline) - start;
}

/** Bytes that the text of a line takes in JSON. */
function escapedLength(text: Buffer, start: number): number {
  const end = start + lengthOfLine(text, start);
  let length = end - start;
  for (let at = start; at < end; at++) {
    const byte = text[at] as number;
    if (byte < SPACE || byte === QUOTE || byte === BACKSLASH) length += (ESCAPES[byte] as Buffer).length - 1;
  }
  return length;
}

function put(bytes: Buffer, out: Buffer, at: number): number {
  out.set(bytes, at);
  return at + bytes.length;
}

/** Counts on in decimal digits, in place where there is room. */
function successor(digits: Buffer): Buffer {
  for (let place = digits.length - 1; place >= 0; place--) {
    const digit = digits[place] as number;
    digits[place] = digit === NINE ? ZERO : digit + 1;
    if (digit !== NINE) return digits;
  }
  return Buffer.concat([Buffer.of(ZERO + 1), digits]);
}
