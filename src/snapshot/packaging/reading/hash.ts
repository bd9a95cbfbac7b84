import { createHash, hash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, read, readSync, type Stats } from 'node:fs';
import { promisify } from 'node:util';
import { isAbsent } from '../../../base/io/files-sync.ts';
import { AichorError, systemErrorCode } from '../../../errors.ts';

/** What was read of a file: its size is that of the bytes hashed, whatever `stat` said before. */
export interface Content {
  /** 32 bytes. */
  hash: Buffer;
  bytes: number;
  /** Small ones, as they were read; good until the next file is. */
  content: Buffer | null;
}

/** Files up to this size are read and hashed in one go. */
const AT_ONCE = 1 << 20;

/** A file that is written to while it is read is read again so many times. */
const TRIES = 3;

/** No link is followed, and a FIFO that took the file's place blocks nobody. */
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

const readSlice = promisify(read);

/** Hashes files one after the other through a buffer of its own. */
export interface Hasher {
  /**
   * Null when the path is no regular file any more. Throws system errors, and AichorError `conflict` for a file that
   * somebody writes to all the time.
   *
   * @param expectedBytes what `lstat` said of it, as a regular file
   */
  hash(absolute: string, expectedBytes: number): Content | null | Promise<Content | null>;
}

/**
 * Small files are hashed synchronously (a promise costs more than the reading), large ones slice by slice, so
 * that the event loop turns between slices.
 */
export function createHasher(): Hasher {
  const buffer = Buffer.allocUnsafeSlow(AT_ONCE + 1);
  return {
    hash: (absolute, expectedBytes) => {
      const small = expectedBytes <= AT_ONCE ? hashSmall(absolute, expectedBytes, buffer) : 'large';
      return small === 'large' ? hashLarge(absolute, buffer) : small;
    },
  };
}

function hashSmall(absolute: string, expectedBytes: number, buffer: Buffer): Content | null | 'large' {
  const file = attempt(() => openSync(absolute, OPEN_FLAGS));
  if (file === null) return null;
  try {
    let bytes = readSync(file, buffer, 0, buffer.length, null);
    // One read that gives what was expected, and could have given more, gave all of it.
    if (bytes !== expectedBytes || bytes === 0) {
      if (!fstatSync(file).isFile()) return null;
      for (let count = bytes; count !== 0; bytes += count) {
        if (bytes === buffer.length) return 'large';
        count = readSync(file, buffer, bytes, buffer.length - bytes, null);
      }
    }
    const content = buffer.subarray(0, bytes);
    return { hash: hash('sha256', content, 'buffer'), bytes, content };
  } finally {
    closeSync(file);
  }
}

function openRegular(absolute: string): number | null {
  const file = attempt(() => openSync(absolute, OPEN_FLAGS));
  if (file === null || fstatSync(file).isFile()) return file;
  closeSync(file);
  return null;
}

/** Opening what is no file (any more): a link says ELOOP, a socket ENXIO; or it has vanished. */
function attempt(openFile: () => number): number | null {
  try {
    return openFile();
  } catch (error) {
    if (isAbsent(error) || ['ELOOP', 'ENXIO', 'EMLINK'].includes(systemErrorCode(error) ?? '')) return null;
    throw error;
  }
}

async function hashLarge(absolute: string, buffer: Buffer): Promise<Content | null> {
  for (let attempts = 1; ; attempts++) {
    const file = openRegular(absolute);
    if (file === null) return null;
    try {
      const before = fstatSync(file);
      const digest = createHash('sha256');
      let bytes = 0;
      for (let count = -1; count !== 0; bytes += count) {
        count = (await readSlice(file, buffer, 0, AT_ONCE, null)).bytesRead;
        digest.update(buffer.subarray(0, count));
      }
      if (!wasWritten(before, fstatSync(file))) return { hash: digest.digest(), bytes, content: null };
    } finally {
      closeSync(file);
    }
    if (attempts === TRIES) throw writtenTo(absolute);
  }
}

function wasWritten(before: Stats, after: Stats): boolean {
  return before.size !== after.size || before.mtimeMs !== after.mtimeMs;
}

function writtenTo(absolute: string): AichorError {
  return new AichorError('conflict', `${absolute} is written to all the time: it was read ${TRIES} times`, {
    hint: 'run the command again when nothing writes to it, or list it in .aichorignore',
  });
}
