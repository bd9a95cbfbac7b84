import { maskedCrc } from './masked-crc.ts';

/**
 * The frame of a record: its length (8 bytes), the checksum of that (4), its data, the checksum of those (4). All little-endian.
 */
const HEAD = 12;
const FOOT = 4;

/** Longer records hold pictures and graphs, no scalars: they are passed over unread. */
export const LONGEST_RECORD = 16 * 1024 * 1024;

/** How far the records in some bytes of a file could be read. */
export interface RecordWalk {
  /** Bytes that need not be seen again. May lie behind the bytes given, where a long record is passed over. */
  consumed: number;
  /** Bytes that the record after these has, where that is known: fewer than that need not be tried. */
  needed: number;
  /** What is wrong with the record after them; null: it is not whole yet. A file that is well ends within a record often. */
  damage: string | null;
}

/**
 * Calls `take` with the place of each whole record's data in `bytes`, which begin at the beginning of a record. Stops at
 * the first record that is damaged, as every reader does: where the next one begins cannot be known.
 */
export function walkRecords(bytes: Uint8Array, take: (start: number, end: number) => void): RecordWalk {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  while (at + HEAD <= bytes.length) {
    const length = view.getUint32(at, true);
    const isWellHead = view.getUint32(at + 4, true) === 0 && isLength(length, view, at);
    if (!isWellHead) {
      // Room that was made before it is written.
      const isRoom = length === 0 && bytes.subarray(at).every((byte) => byte === 0);
      return { consumed: at, needed: HEAD, damage: isRoom ? null : 'the checksum of a length is wrong' };
    }
    const start = at + HEAD;
    const end = start + length;
    if (end + FOOT > bytes.length) {
      if (length > LONGEST_RECORD) return { consumed: end + FOOT, needed: HEAD, damage: null };
      return { consumed: at, needed: HEAD + length + FOOT, damage: null };
    }
    if (view.getInt32(end, true) !== maskedCrc(view, start, end))
      return { consumed: at, needed: HEAD, damage: 'the checksum of a record is wrong' };
    take(start, end);
    at = end + FOOT;
  }
  return { consumed: at, needed: HEAD, damage: null };
}

/** Checksums of short lengths, as they are met: most records have one of a few. */
const LENGTHS = new Float64Array(1024).fill(Number.NaN);

/** Whether the checksum of the length that stands at `at` is right. */
function isLength(length: number, view: DataView, at: number): boolean {
  const checksum = view.getInt32(at + 8, true);
  if (LENGTHS[length] === checksum) return true;
  const right = maskedCrc(view, at, at + 8);
  if (length < LENGTHS.length) LENGTHS[length] = right;
  return right === checksum;
}
