import { createHash, hash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, read, readSync } from 'node:fs';
import { promisify } from 'node:util';
import { systemErrorCode } from '../../../errors.ts';

/** What was read of a file: its size is that of the bytes hashed, whatever `stat` said before. */
export interface Content {
  sha256: string;
  bytes: number;
}

/** Files up to this size are read and hashed in one go. */
const AT_ONCE = 1 << 20;

/** No link is followed, and a FIFO that took the file's place blocks nobody. */
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

const readSlice = promisify(read);

/** Hashes files one after the other through a buffer of its own. */
export interface Hasher {
  /** Null when the path is no regular file any more. Throws system errors. */
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
      const small = expectedBytes <= AT_ONCE ? hashSmall(absolute, buffer) : 'large';
      return small === 'large' ? hashLarge(absolute, buffer) : small;
    },
  };
}

function hashSmall(absolute: string, buffer: Buffer): Content | null | 'large' {
  const file = openRegular(absolute);
  if (file === null) return null;
  try {
    let bytes = 0;
    for (let count = -1; count !== 0; bytes += count) {
      if (bytes === buffer.length) return 'large';
      count = readSync(file, buffer, bytes, buffer.length - bytes, null);
    }
    return { sha256: hash('sha256', buffer.subarray(0, bytes), 'hex'), bytes };
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

/** Opening what is no file (any more): a link says ELOOP, a socket ENXIO, a vanished one ENOENT. */
function attempt(openFile: () => number): number | null {
  try {
    return openFile();
  } catch (error) {
    if (['ELOOP', 'ENXIO', 'ENOENT', 'ENOTDIR', 'EMLINK'].includes(systemErrorCode(error) ?? '')) return null;
    throw error;
  }
}

async function hashLarge(absolute: string, buffer: Buffer): Promise<Content | null> {
  const file = openRegular(absolute);
  if (file === null) return null;
  try {
    const digest = createHash('sha256');
    let bytes = 0;
    for (let count = -1; count !== 0; bytes += count) {
      count = (await readSlice(file, buffer, 0, AT_ONCE, null)).bytesRead;
      digest.update(buffer.subarray(0, count));
    }
    return { sha256: digest.digest('hex'), bytes };
  } finally {
    closeSync(file);
  }
}
