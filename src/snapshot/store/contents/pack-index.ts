import { createHash } from 'node:crypto';
import { HASH_BYTES } from './hash-table.ts';

/**
 * The index of a pack on disk: a first line of text, then 48 bytes for each content (its SHA-256, where it begins and
 * how long it is, as doubles), then the SHA-256 of all that. Numbers are little-endian.
 */
const FIRST_LINE = Buffer.from('aichor pack index 2\n');
const ENTRY = HASH_BYTES + 16;

/** Contents in the order in which they were packed. */
export interface PackIndex {
  count: number;
  /** `HASH_BYTES` each. */
  hashes: Buffer;
  offsets: Float64Array;
  sizes: Float64Array;
}

export function encodeIndex({ count, hashes, offsets, sizes }: PackIndex): Buffer {
  const bytes = Buffer.alloc(FIRST_LINE.length + count * ENTRY + HASH_BYTES);
  FIRST_LINE.copy(bytes);
  for (let at = 0; at < count; at++) {
    const start = FIRST_LINE.length + at * ENTRY;
    hashes.copy(bytes, start, at * HASH_BYTES, (at + 1) * HASH_BYTES);
    bytes.writeDoubleLE(offsets[at] ?? 0, start + HASH_BYTES);
    bytes.writeDoubleLE(sizes[at] ?? 0, start + HASH_BYTES + 8);
  }
  const end = bytes.length - HASH_BYTES;
  createHash('sha256').update(bytes.subarray(0, end)).digest().copy(bytes, end);
  return bytes;
}

/**
 * Null for what was damaged.
 *
 * @param packBytes size of the pack itself: an index that leads beyond it is damaged too
 */
export function decodeIndex(bytes: Buffer, packBytes: number): PackIndex | null {
  const end = bytes.length - HASH_BYTES;
  const count = (end - FIRST_LINE.length) / ENTRY;
  if (count < 0 || !Number.isInteger(count)) return null;
  if (!bytes.subarray(0, FIRST_LINE.length).equals(FIRST_LINE)) return null;
  if (!createHash('sha256').update(bytes.subarray(0, end)).digest().equals(bytes.subarray(end))) return null;
  const index = emptyIndex(count);
  for (let at = 0; at < count; at++) {
    const start = FIRST_LINE.length + at * ENTRY;
    bytes.copy(index.hashes, at * HASH_BYTES, start, start + HASH_BYTES);
    index.offsets[at] = bytes.readDoubleLE(start + HASH_BYTES);
    index.sizes[at] = bytes.readDoubleLE(start + HASH_BYTES + 8);
  }
  return isInside(index, packBytes) ? index : null;
}

/** As earlier versions wrote it: hex digits, and offsets and sizes in turn, in JSON. Null for what was damaged. */
export function decodeFirstIndex(text: string, packBytes: number): PackIndex | null {
  const value = parsed(text);
  if (typeof value !== 'object' || value === null || !('hashes' in value && 'spans' in value)) return null;
  const { hashes, spans } = value;
  if (typeof hashes !== 'string' || !/^[0-9a-f]*$/.test(hashes) || !Array.isArray(spans)) return null;
  const count = hashes.length / (2 * HASH_BYTES);
  if (!Number.isInteger(count) || spans.length !== 2 * count) return null;
  const index = emptyIndex(count);
  Buffer.from(hashes, 'hex').copy(index.hashes);
  for (let at = 0; at < count; at++) {
    index.offsets[at] = Number(spans[2 * at]);
    index.sizes[at] = Number(spans[2 * at + 1]);
  }
  return isInside(index, packBytes) ? index : null;
}

function emptyIndex(count: number): PackIndex {
  return {
    count,
    hashes: Buffer.alloc(count * HASH_BYTES),
    offsets: new Float64Array(count),
    sizes: new Float64Array(count),
  };
}

function isInside({ count, offsets, sizes }: PackIndex, packBytes: number): boolean {
  for (let at = 0; at < count; at++) {
    const offset = offsets[at] ?? -1;
    const size = sizes[at] ?? -1;
    if (!(Number.isSafeInteger(offset) && Number.isSafeInteger(size) && offset >= 0 && size >= 0))
      return false;
    if (offset + size > packBytes) return false;
  }
  return true;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
