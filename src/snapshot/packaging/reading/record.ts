import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { makeFolderSync } from '../../../base/io/files-sync.ts';
import { placeSync } from '../../../base/io/place.ts';
import { systemErrorCode } from '../../../errors.ts';
import type { Weight } from '../largest.ts';
import type { GitState } from '../selection/git-state.ts';

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
  /** The heaviest of the top two levels; null: to be found out when they are asked for. */
  largest: Weight[] | null;
  /** Where it stood in its repository; null: in none. Holds while `mark` does; '' never. */
  git: { mark: string; state: GitState | null };
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

const VERSION = 4;
const FIRST_LINE = Buffer.from('aichor scan\n');

/** Where the record of `root` is kept below `folder`. */
export function recordPath(folder: string, root: string): string {
  return join(folder, `${createHash('sha256').update(root).digest('hex').slice(0, 32)}.scan`);
}

/** Null when there is none, or it is not as it was written: then everything is read again, which is all it may cost. */
export function readRecord(path: string): ScanRecord | null {
  try {
    return decodeRecord(readShared(path));
  } catch (error) {
    if (systemErrorCode(error) === undefined && !(error instanceof SyntaxError)) throw error;
    return null;
  }
}

/** Into memory that a second thread can look at too. */
function readShared(path: string): Buffer {
  const file = openSync(path, 'r');
  try {
    const bytes = Buffer.from(new SharedArrayBuffer(fstatSync(file).size));
    let done = 0;
    for (let count = -1; count !== 0 && done < bytes.length; done += count)
      count = readSync(file, bytes, done, bytes.length - done, done);
    return bytes.subarray(0, done);
  } finally {
    closeSync(file);
  }
}

/**
 * In order: 12 bytes of text, the lengths of what follows and a checksum of it, the document (filled up with spaces, so
 * that numbers begin where they may), looks, starts, the text.
 */
function decodeRecord(bytes: Buffer): ScanRecord | null {
  if (bytes.length < HEAD || !bytes.subarray(0, FIRST_LINE.length).equals(FIRST_LINE)) return null;
  const [aboutBytes, lines, sum] = [0, 4, 8].map((at) => bytes.readUInt32LE(FIRST_LINE.length + at));
  if (aboutBytes === undefined || lines === undefined || crc32(bytes.subarray(HEAD)) !== sum) return null;
  const looksAt = HEAD + aboutBytes;
  const startsAt = looksAt + lines * LOOKS * 8;
  const textAt = startsAt + (lines + 1) * 4;
  if (textAt > bytes.length) return null;
  const about: unknown = JSON.parse(bytes.toString('utf8', HEAD, looksAt));
  if (typeof about !== 'object' || about === null || !('version' in about) || about.version !== VERSION)
    return null;
  return {
    // Written by this very version, and whole.
    about: about as About,
    text: bytes.subarray(textAt),
    starts: new Uint32Array(bytes.buffer, bytes.byteOffset + startsAt, lines + 1),
    looks: new Float64Array(bytes.buffer, bytes.byteOffset + looksAt, lines * LOOKS),
  };
}

/** A multiple of 8. */
const HEAD = FIRST_LINE.length + 12;

/** Writers may race (two submits at once): each places a whole file, the last one stays. */
export function writeRecord(folder: string, root: string, { about, text, starts, looks }: ScanRecord): void {
  const document = JSON.stringify(about);
  const padding = ' '.repeat((8 - (Buffer.byteLength(document) % 8)) % 8);
  const parts = [Buffer.from(document + padding), bytesOf(looks), bytesOf(starts), text];
  const head = Buffer.alloc(HEAD);
  FIRST_LINE.copy(head);
  head.writeUInt32LE(parts[0]?.length ?? 0, FIRST_LINE.length);
  head.writeUInt32LE(starts.length - 1, FIRST_LINE.length + 4);
  head.writeUInt32LE(
    parts.reduce((sum, part) => crc32(part, sum), 0),
    FIRST_LINE.length + 8,
  );
  try {
    makeFolderSync(folder, 0o700);
    placeSync(recordPath(folder, root), Buffer.concat([head, ...parts]));
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
