import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { beginning, decodePosition, encodePosition, POSITION_BYTES, type Position } from './log-position.ts';

/**
 * Where the position of one log is kept: two slots that are written in turn, so that one is whole whatever dies when.
 * A position is written before the bytes that lead to it; it counts once the log's file has them.
 */
export interface PositionFile {
  /** The latest that counts for a log file of this size; null: none was ever written. */
  read(size: number): Promise<Position | null>;
  write(position: Position): Promise<void>;
  close(): Promise<void>;
}

interface Slot {
  number: number;
  sequence: number;
  position: Position;
}

export async function openPositionFile(path: string): Promise<PositionFile> {
  const handle = await open(path, constants.O_RDWR | constants.O_CREAT, 0o600);
  let next = { number: 0, sequence: 1 };
  return {
    async read(size) {
      const slots = await readSlots(handle);
      const [latest] = slots
        .filter(({ position }) => position.offset + position.foreign <= size)
        .sort(newestFirst);
      const sequence = Math.max(0, ...slots.map((slot) => slot.sequence)) + 1;
      next = { number: latest === undefined ? 0 : 1 - latest.number, sequence };
      if (latest !== undefined) return latest.position;
      // The file has lost bytes that had been written: all of the log is gone through again.
      return slots[0] === undefined ? null : beginning(Math.min(size, slots[0].position.base));
    },
    async write(position) {
      const { number, sequence } = next;
      await handle.write(encodePosition(position, sequence), 0, POSITION_BYTES, number * POSITION_BYTES);
      next = { number: 1 - number, sequence: sequence + 1 };
    },
    close: () => handle.close(),
  };
}

async function readSlots(handle: FileHandle): Promise<Slot[]> {
  const bytes = Buffer.alloc(2 * POSITION_BYTES);
  await handle.read(bytes, 0, bytes.length, 0);
  return [0, 1].flatMap((number) => {
    const slot = decodePosition(bytes.subarray(number * POSITION_BYTES, (number + 1) * POSITION_BYTES));
    return slot === null ? [] : [{ number, ...slot }];
  });
}

function newestFirst(one: Slot, other: Slot): number {
  return other.sequence - one.sequence;
}
