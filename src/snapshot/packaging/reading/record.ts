import { createHash, hash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { placeSync } from '../../../base/io/place.ts';
import { systemErrorCode } from '../../../errors.ts';

/**
 * What is remembered of a directory from one scan to the next: its listing, and what `lstat` said of everything in it.
 * When all of that is still so, the listing is too, and nothing needs to be read.
 */
export interface ScanRecord {
  about: About;
  /** The canonical text of the listing. */
  text: Buffer;
  /** Where each line begins in the text, and where the text ends. */
  starts: Uint32Array;
  /** `LOOKS` numbers for each line. Not numbers (NaN): it may have changed since without showing it. */
  looks: Float64Array;
}

export interface About {
  version: typeof VERSION;
  digest: string;
  /** What decided about what is taken, beside the tree: rules from outside, what Git tracks. */
  rules: string;
  /** Content of all files together. */
  bytes: number;
  /** Files and links. */
  files: number;
  notices: { code: string; message: string }[];
  /** Every folder that was looked into. */
  folders: SeenFolder[];
  /** Files of rules that are not in the listing themselves. */
  watched: { path: string; looks: Looks }[];
}

export interface SeenFolder {
  /** '' for the root, else with a final `/`. */
  prefix: string;
  looks: Looks;
  /** Of the names in it and their kinds. */
  names: string;
}

/** bytes, mtimeMs, ctimeMs, inode. */
export type Looks = [number, number, number, number];
export const LOOKS = 4;

const VERSION = 3;
const FIRST_LINE = Buffer.from('aichor scan\n');

/** Where the record of `root` is kept below `folder`. */
export function recordPath(folder: string, root: string): string {
  return join(folder, `${createHash('sha256').update(root).digest('hex').slice(0, 32)}.scan`);
}

/** Null when there is none, or it is not as it was written: then everything is read again, which is all it may cost. */
export function readRecord(path: string): ScanRecord | null {
  try {
    return decodeRecord(readFileSync(path));
  } catch (error) {
    if (systemErrorCode(error) === undefined && !(error instanceof SyntaxError)) throw error;
    return null;
  }
}

/**
 * In order: 12 bytes of text, lengths of what follows and the SHA-256 of all but the text, the document, starts, looks,
 * the text.
 */
function decodeRecord(bytes: Buffer): ScanRecord | null {
  if (bytes.length < HEAD || !bytes.subarray(0, FIRST_LINE.length).equals(FIRST_LINE)) return null;
  const aboutBytes = bytes.readUInt32LE(FIRST_LINE.length);
  const lines = bytes.readUInt32LE(FIRST_LINE.length + 4);
  const { startsAt, looksAt, textAt } = layout(aboutBytes, lines);
  if (textAt > bytes.length) return null;
  const sum = hash('sha256', bytes.subarray(HEAD, textAt), 'buffer');
  if (!sum.equals(bytes.subarray(HEAD - SUM, HEAD))) return null;
  const about: unknown = JSON.parse(bytes.toString('utf8', HEAD, HEAD + aboutBytes));
  if (typeof about !== 'object' || about === null || !('version' in about) || about.version !== VERSION)
    return null;
  const text = bytes.subarray(textAt);
  const record = {
    // Written by this very version, and whole.
    about: about as About,
    text,
    starts: new Uint32Array(copied(bytes, startsAt, (lines + 1) * 4)),
    looks: new Float64Array(copied(bytes, looksAt, lines * LOOKS * 8)),
  };
  return digestOf(text) === record.about.digest && record.starts[lines] === text.length ? record : null;
}

const SUM = 32;
const HEAD = FIRST_LINE.length + 8 + SUM;

function layout(aboutBytes: number, lines: number) {
  const startsAt = HEAD + aboutBytes;
  const looksAt = startsAt + (lines + 1) * 4;
  return { startsAt, looksAt, textAt: looksAt + lines * LOOKS * 8 };
}

/** With memory of its own, so that it begins where numbers may begin. */
function copied(bytes: Buffer, at: number, length: number): ArrayBuffer {
  const copy = new ArrayBuffer(length);
  new Uint8Array(copy).set(bytes.subarray(at, at + length));
  return copy;
}

/** Writers may race (two submits at once): each places a whole file, the last one stays. */
export function writeRecord(folder: string, root: string, { about, text, starts, looks }: ScanRecord): void {
  const document = Buffer.from(JSON.stringify(about));
  const head = Buffer.alloc(HEAD);
  FIRST_LINE.copy(head);
  head.writeUInt32LE(document.length, FIRST_LINE.length);
  head.writeUInt32LE(starts.length - 1, FIRST_LINE.length + 4);
  const parts = [document, bytesOf(starts), bytesOf(looks)];
  const sum = createHash('sha256');
  for (const part of parts) sum.update(part);
  sum.digest().copy(head, HEAD - SUM);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    placeSync(recordPath(folder, root), Buffer.concat([head, ...parts, text]));
  } catch (error) {
    // A cache that cannot be written costs reading everything again next time, and nothing else.
    if (systemErrorCode(error) === undefined) throw error;
  }
}

function bytesOf(numbers: Uint32Array | Float64Array): Buffer {
  return Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength);
}

/** `sha256:…` of a listing's canonical text. */
export function digestOf(text: Uint8Array): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}
