import { closeSync, constants, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { beginning, decodePosition, encodePosition, POSITION_BYTES, type Position } from './position.ts';
import type { RayTail } from './ray-tail.ts';
import { createRepetition, type News, type Repetition } from './repeat.ts';

/**
 * Where the position of one log is kept: two slots that are written in turn, so that one is whole whatever dies when.
 * A position is written before the bytes that lead to it; it counts once the log's file has them.
 */
export interface PositionFile {
  /** The latest that counts for a log file of this size; null: none was ever written. */
  read(size: number): Position | null;
  write(position: Position): void;
  close(): void;
}

interface Slot {
  number: number;
  sequence: number;
  position: Position;
}

/** Without the system's threads: what is read and written is less than to hand it over to one, and thousands of logs may end at once. */
export function openPositionFile(path: string): PositionFile {
  let descriptor: number | null = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
  let next = { number: 0, sequence: 1 };
  /** A number that was closed may be another file's by now. */
  const opened = () => {
    if (descriptor === null) throw new Error(`${path} was closed`);
    return descriptor;
  };
  return {
    read(size) {
      const slots = readSlots(opened());
      const [latest] = slots
        .filter(({ position }) => position.offset + position.foreign <= size)
        .sort(newestFirst);
      const sequence = Math.max(0, ...slots.map((slot) => slot.sequence)) + 1;
      next = { number: latest === undefined ? 0 : 1 - latest.number, sequence };
      if (latest !== undefined) return latest.position;
      // The file has lost bytes that had been written: all of the log is gone through again.
      return slots[0] === undefined ? null : beginning(Math.min(size, slots[0].position.base));
    },
    write(position) {
      const { number, sequence } = next;
      writeSync(opened(), encodePosition(position, sequence), 0, POSITION_BYTES, number * POSITION_BYTES);
      next = { number: 1 - number, sequence: sequence + 1 };
    },
    close() {
      const last = descriptor;
      descriptor = null;
      if (last !== null) closeSync(last);
    },
  };
}

function readSlots(descriptor: number): Slot[] {
  const bytes = Buffer.alloc(2 * POSITION_BYTES);
  readSync(descriptor, bytes, 0, bytes.length, 0);
  return [0, 1].flatMap((number) => {
    const slot = decodePosition(bytes.subarray(number * POSITION_BYTES, (number + 1) * POSITION_BYTES));
    return slot === null ? [] : [{ number, ...slot }];
  });
}

function newestFirst(one: Slot, other: Slot): number {
  return other.sequence - one.sequence;
}

/** The file that a container's log is kept in, and how far it was taken. */
export interface LogKeeper {
  /** Where to go on, as the disk had it: after a lost connection as after a lost process. */
  readonly from: Position;
  /**
   * Appends what followed in the log; `position` is where the log is after it (its end, or the end of a line before
   * that). With `afterGap` it did not follow on what the file has. False: the file had these bytes already.
   */
  keep(bytes: Buffer, position: Position, afterGap?: boolean): Promise<boolean>;
  /** The log was read to its end. True: the file has grown. */
  finish(): Promise<boolean>;
  close(): Promise<void>;
}

/** One that lets its file be looked at. */
export interface FileKeeper extends LogKeeper {
  /** So many bytes of the file's end. */
  end(length: number): Promise<Buffer>;
  /** After all that the file has. True: it has grown. */
  append(bytes: Buffer): Promise<boolean>;
}

/** Where a log is kept. */
export interface LogPlace {
  /** Of the source; other logs may stand in it before this one. */
  file: string;
  /** Where the position is kept. */
  positions: string;
  /** What the file has may come again. */
  repeats: boolean;
  /** Of a log that may end with a repetition of its last lines. */
  tail: RayTail | null;
}

/**
 * Of several that are open for one log, only one may keep anything; the others are of no use after that.
 */
export async function openFileKeeper({ file, positions, repeats }: LogPlace): Promise<FileKeeper> {
  const handle = await open(file, 'r+');
  const kept = await opened(handle, () => openPositionFile(positions));
  let size = 0;
  /** Bytes to come that the file has. */
  let surplus = 0;
  /** From where a position says it is to where that is in the file. */
  let shift = 0;
  let repetition: Repetition | null = null;
  /** As it is on disk. */
  let written = beginning(0);
  let latest = written;

  function write(position: Position): void {
    kept.write(position);
    written = position;
  }

  async function append(bytes: Buffer): Promise<boolean> {
    for (let done = 0; done < bytes.length;) {
      const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, size);
      done += bytesWritten;
      size += bytesWritten;
    }
    return bytes.length > 0;
  }

  /** The log ceases to repeat what the file has: from here on it is like any other. */
  async function tell({ bytes, base, same }: News, position: Position): Promise<boolean> {
    repetition = null;
    write({ ...beginning(base), foreign: size - base - same });
    shift = base + written.foreign;
    return advance(bytes, position);
  }

  /** The position goes first: it counts as soon as the file has the bytes. */
  async function advance(bytes: Buffer, position: Position): Promise<boolean> {
    const fresh = bytes.subarray(Math.min(surplus, bytes.length));
    surplus -= bytes.length - fresh.length;
    if (surplus === 0 && position !== latest)
      write({ ...position, offset: position.offset + shift, base: written.base, foreign: 0 });
    latest = position;
    return append(fresh);
  }

  /** The unfinished line at the file's end will never be finished. */
  function jump(): void {
    write({ ...written, foreign: surplus });
    shift += surplus;
    surplus = 0;
  }

  function begin(): Position {
    if (repeats && size > 0) {
      repetition = createRepetition({ read: (at, length) => readFully(handle, at, length), size });
      return beginning(0);
    }
    write(beginning(size));
    return written;
  }

  function resume(): Position {
    ({ size } = fstatSync(handle.fd));
    const known = kept.read(size);
    if (known === null) return begin();
    written = known;
    shift = known.foreign;
    surplus = size - known.offset - known.foreign;
    return known;
  }

  async function close(): Promise<void> {
    kept.close();
    await handle.close();
  }

  const from = await opened({ close }, resume);
  latest = from;
  return {
    from,
    async keep(bytes, position, afterGap = false) {
      if (afterGap && surplus > 0 && written.foreign === 0) jump();
      if (repetition === null) return advance(bytes, position);
      const news = await repetition.take(bytes);
      return news !== null && tell(news, position);
    },
    async finish() {
      const hasGrown = repetition !== null && (await tell(await repetition.end(), latest));
      write({ ...written, done: true });
      return hasGrown;
    },
    append,
    end: (length) => readFully(handle, Math.max(0, size - length), length),
    close,
  };
}

/** What is done to open something: where it fails, what was opened before is closed. */
async function opened<T>(before: { close(): Promise<void> }, open: () => T): Promise<T> {
  try {
    return open();
  } catch (error) {
    await before.close();
    throw error;
  }
}

async function readFully(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await handle.read(buffer, 0, length, position);
  return buffer.subarray(0, bytesRead);
}
