import { close, open, read, write } from 'node:fs';
import { stat, truncate } from 'node:fs/promises';
import { sep } from 'node:path';
import { promisify } from 'node:util';
import { atMost } from '../../base/async/at-most.ts';
import { ifThere } from '../../base/io/files.ts';
import { isAbsent } from '../../base/io/files-sync.ts';

/** Reading and writing of the log store's files by position; few of them are open at a time. */
export interface LogFiles {
  /** Fills `into` as far as there are bytes; how many there were. A file that is not there is empty. */
  read(path: string, into: Uint8Array, position: number): Promise<number>;
  /** Writes all of the bytes; makes the file (0600) if need be. */
  write(path: string, bytes: Uint8Array, position: number): Promise<void>;
  truncate(path: string, size: number): Promise<void>;
  /** Lets go of what is open below a folder; without one, of everything. */
  close(folder?: string): Promise<void>;
}

interface OpenFile {
  descriptor: Promise<number>;
  users: number;
  /** No longer in the table: closed by its last user. */
  dropped: boolean;
}

const openFile = promisify(open);
const closeFile = promisify(close);
const readFile = promisify(read);
const writeFile = promisify(write);

/** Files that are read or written at the same time; hundreds of experiments may have something to say at once. */
const IN_USE = 32;

/** @param limit how many files may stay open that nobody is using just now */
export function createLogFiles(limit = 64): LogFiles {
  const table = new Map<string, OpenFile>();
  const inUse = atMost(IN_USE);

  const use = <T>(path: string, mode: 'r' | 'w', work: (descriptor: number) => Promise<T>): Promise<T> =>
    inUse(() => useNow(path, mode, work));

  async function useNow<T>(
    path: string,
    mode: 'r' | 'w',
    work: (descriptor: number) => Promise<T>,
  ): Promise<T> {
    const key = `${mode}${path}`;
    const file = table.get(key) ?? { descriptor: openAs(path, mode), users: 0, dropped: false };
    table.delete(key);
    table.set(key, file);
    file.users++;
    try {
      return await work(await file.descriptor);
    } catch (error) {
      drop(key, file);
      throw error;
    } finally {
      file.users--;
      await release(file);
      await shrink();
    }
  }

  function drop(key: string, file: OpenFile): void {
    if (table.get(key) === file) table.delete(key);
    file.dropped = true;
  }

  async function shrink(): Promise<void> {
    for (const [key, file] of table) {
      if (table.size <= limit) return;
      if (file.users > 0) continue;
      drop(key, file);
      await release(file);
    }
  }

  return {
    read: async (path, into, position) =>
      (await ifThere(use(path, 'r', (descriptor) => readFully(descriptor, into, position)))) ?? 0,
    write: (path, bytes, position) => use(path, 'w', (descriptor) => writeFully(descriptor, bytes, position)),
    truncate,
    async close(folder) {
      for (const [key, file] of table) {
        if (folder !== undefined && !key.slice(1).startsWith(folder + sep)) continue;
        drop(key, file);
        await release(file);
      }
    },
  };
}

function openAs(path: string, mode: 'r' | 'w'): Promise<number> {
  const opened = mode === 'r' ? openFile(path, 'r') : openForWriting(path);
  opened.catch(() => undefined); // told to everyone who uses it
  return opened;
}

/** Without O_APPEND (positions count) and without O_TRUNC. */
async function openForWriting(path: string): Promise<number> {
  try {
    return await openFile(path, 'r+');
  } catch (error) {
    if (!isAbsent(error)) throw error;
    return openFile(path, 'w+', 0o600);
  }
}

async function release(file: OpenFile): Promise<void> {
  if (!file.dropped || file.users > 0) return;
  file.users = Number.POSITIVE_INFINITY; // nobody closes it twice
  const descriptor = await file.descriptor.catch(() => null);
  if (descriptor !== null) await closeFile(descriptor);
}

async function readFully(descriptor: number, into: Uint8Array, position: number): Promise<number> {
  let done = 0;
  while (done < into.length) {
    const asked = into.length - done;
    const { bytesRead } = await readFile(descriptor, into, done, asked, position + done);
    done += bytesRead;
    // There are no more.
    if (bytesRead < asked) break;
  }
  return done;
}

async function writeFully(descriptor: number, bytes: Uint8Array, position: number): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const { bytesWritten } = await writeFile(descriptor, bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

/** Bytes of a file; 0 when it is not there. */
export async function sizeOf(path: string): Promise<number> {
  return (await ifThere(stat(path)))?.size ?? 0;
}

/** Reads bytes that will not change any more. Fewer than asked for only at the end of a file. */
export type ReadBytes = (path: string, position: number, length: number) => Promise<Buffer>;

/** Readers that want the same bytes at the same moment (all followers, when a line comes) have them read once. */
export function createSharedReads(files: LogFiles): ReadBytes {
  const underWay = new Map<string, Promise<Buffer>>();

  async function readBytes(path: string, position: number, length: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafe(length);
    return bytes.subarray(0, await files.read(path, bytes, position));
  }

  return (path, position, length) => {
    const key = `${position} ${length} ${path}`;
    const same = underWay.get(key);
    if (same) return same;
    const reading = readBytes(path, position, length).finally(() => underWay.delete(key));
    underWay.set(key, reading);
    return reading;
  };
}
