import { closeSync, constants, fstatSync, lstatSync, openSync, readSync } from 'node:fs';
import { systemErrorCode } from '../../errors.ts';

/** How far a file has been read. */
export interface Tail {
  /** Of the file that was read: another one of the same name is read from its beginning. */
  inode: number;
  offset: number;
  /** How long it was then. The offset may lie behind that: long records are passed over before they are whole. */
  seen: number;
  /** Bytes from the offset on that must be there before it is worth looking again. */
  needed: number;
  /** Of an object in a store, whose `inode` counts how often it was another one. */
  object?: {
    etag: string;
    /** The bytes before the offset: whether it has grown, or is another one, is seen by them. */ before: Uint8Array;
  };
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

/** Gives what is new in one file, as `readOn` does. */
export type TailReader = (tail: Tail, take: (bytes: Buffer) => TailTaken) => Promise<TailEnd>;

export const newTail = (): Tail => ({ inode: 0, offset: 0, seen: 0, needed: 1 });

/** Most files are short; of long ones more is read at once. */
const FIRST_CHUNK = 16 * 1024;
const LARGEST_CHUNK = 1024 * 1024;
/** What is new of most files fits into it. Nobody keeps what was read: `take` is called before anything else is read. */
const USUAL_ROOM = Buffer.allocUnsafeSlow(64 * 1024);

/**
 * Gives `take` what is new in a file, in pieces that begin where the last one was consumed. The tail is moved as it goes. Between
 * pieces others have their turn. `shrunk`: it was written anew over what was read; it has been read from its beginning.
 */
export async function readOn(path: string, tail: Tail, take: (bytes: Buffer) => TailTaken): Promise<TailEnd> {
  const found = regularFile(path);
  if (found === null) return 'absent';
  // Most files, most of the time.
  if (found.ino === tail.inode && isSettled(tail, found.size)) return 'read';
  const opened = openRegular(path);
  if (opened === null) return 'absent';
  const { descriptor, ino, size } = opened;
  try {
    const isShrunk = ino === tail.inode && size < tail.seen;
    if (ino !== tail.inode || isShrunk) Object.assign(tail, { ...newTail(), inode: ino });
    tail.seen = size;
    let chunk = FIRST_CHUNK;
    while (size - tail.offset >= tail.needed) {
      chunk = Math.max(tail.needed, Math.min(chunk, LARGEST_CHUNK));
      const length = Math.min(chunk, size - tail.offset);
      const room = length > USUAL_ROOM.length ? Buffer.allocUnsafe(length) : USUAL_ROOM;
      const bytes = room.subarray(0, readSync(descriptor, room, 0, length, tail.offset));
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

/** Nothing has come that is worth looking at, and nothing went. */
export function isSettled({ seen, offset, needed }: Tail, size: number): boolean {
  return size >= seen && size - offset < needed;
}

/** Null: there is none, or none that is a file. A pipe must not hold up the control plane, a link may lead anywhere. */
function regularFile(path: string): { ino: number; size: number } | null {
  return unlessAbsent(() => {
    const found = lstatSync(path, { throwIfNoEntry: false });
    return found?.isFile() === true ? found : null;
  });
}

function openRegular(path: string): { descriptor: number; ino: number; size: number } | null {
  return unlessAbsent(() => {
    const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    const found = fstatSync(descriptor);
    if (found.isFile()) return { descriptor, ino: found.ino, size: found.size };
    closeSync(descriptor);
    return null;
  });
}

/** Null when the system says that it cannot be. */
function unlessAbsent<T>(open: () => T | null): T | null {
  try {
    return open();
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return null;
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
