import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { systemErrorCode } from '../../errors.ts';

/** How far a file has been read. */
export interface Tail {
  /** Of the file that was read: another one of the same name is read from its beginning. */
  inode: number;
  offset: number;
  /** Bytes from the offset on that must be there before it is worth looking again. */
  needed: number;
}

/** What happened to a file since it was read last. */
export type TailEnd = 'read' | 'shrunk' | 'absent';

/** What some bytes of a file were good for. */
export interface TailTaken {
  /** Bytes that need not be seen again; may lie behind those given. */
  consumed: number;
  /** How many bytes to come back with when nothing was consumed. */
  needed: number;
}

export const newTail = (): Tail => ({ inode: 0, offset: 0, needed: 1 });

/** Most files are short; of long ones more is read at once. */
const FIRST_CHUNK = 16 * 1024;
const LARGEST_CHUNK = 1024 * 1024;

/**
 * Gives `take` what is new in a file, in pieces that begin where the last one was consumed. The tail is moved as it goes. Between
 * pieces others have their turn. `shrunk`: it was written anew over what was read; it has been read from its beginning.
 */
export async function readOn(path: string, tail: Tail, take: (bytes: Buffer) => TailTaken): Promise<TailEnd> {
  const descriptor = openRegular(path);
  if (descriptor === null) return 'absent';
  try {
    const { ino, size } = fstatSync(descriptor);
    const isShrunk = ino === tail.inode && size < tail.offset && tail.needed !== Number.POSITIVE_INFINITY;
    if (ino !== tail.inode || isShrunk) Object.assign(tail, { ...newTail(), inode: ino });
    let chunk = FIRST_CHUNK;
    while (size - tail.offset >= tail.needed) {
      chunk = Math.max(tail.needed, Math.min(chunk, LARGEST_CHUNK));
      const room = Buffer.allocUnsafe(Math.min(chunk, size - tail.offset));
      const bytes = room.subarray(0, readSync(descriptor, room, 0, room.length, tail.offset));
      const { consumed, needed } = take(bytes);
      tail.offset += consumed;
      tail.needed = consumed > 0 ? 1 : needed;
      if (consumed === 0 && needed <= bytes.length) break;
      chunk *= 2;
      if (size - tail.offset >= LARGEST_CHUNK) await turn();
    }
    return isShrunk ? 'shrunk' : 'read';
  } finally {
    closeSync(descriptor);
  }
}

/** Null: there is none, or none that is a file. A pipe must not hold up the control plane. */
function openRegular(path: string): number | null {
  try {
    const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    if (fstatSync(descriptor).isFile()) return descriptor;
    closeSync(descriptor);
    return null;
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return null;
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
