/** Bytes of a SHA-256. */
export const HASH_BYTES = 32;

/**
 * Numbers by SHA-256, in columns: 200,000 of them take 15 MB, a tenth of what a `Map` of texts to objects takes, and
 * nothing for the garbage collector to look through.
 */
export interface HashTable {
  readonly size: number;
  /** Where the hash that begins at `at` stands, or -1. */
  find(hashes: Buffer, at?: number): number;
  /** Its place, new or not. A new one's numbers are 0. */
  add(hashes: Buffer, at?: number): number;
  get(place: number, column: number): number;
  set(place: number, column: number, value: number): void;
  /** The hash at a place; a view that is good until the next `add`. */
  hash(place: number): Buffer;
}

const FIRST_ROOM = 64;

export function createHashTable(columns: number): HashTable {
  let room = FIRST_ROOM;
  let hashes = Buffer.alloc(room * HASH_BYTES);
  let numbers = new Float64Array(room * columns);
  // Where each place's slot is found: by the hash's first bytes, or the next free one. 0 is free, n + 1 is place n.
  let slots = new Uint32Array(room * 2);
  let size = 0;
  const slotOf = (from: Buffer, at: number): number => {
    const mask = slots.length - 1;
    for (let slot = from.readUInt32LE(at) & mask; ; slot = (slot + 1) & mask) {
      const place = (slots[slot] ?? 0) - 1;
      if (place < 0) return slot;
      const start = place * HASH_BYTES;
      if (hashes.compare(from, at, at + HASH_BYTES, start, start + HASH_BYTES) === 0) return slot;
    }
  };
  const grow = () => {
    room *= 2;
    hashes = Buffer.concat([hashes], room * HASH_BYTES);
    const wider = new Float64Array(room * columns);
    wider.set(numbers);
    numbers = wider;
    slots = new Uint32Array(room * 2);
    for (let place = 0; place < size; place++) slots[slotOf(hashes, place * HASH_BYTES)] = place + 1;
  };
  return {
    get size() {
      return size;
    },
    find: (from, at = 0) => (slots[slotOf(from, at)] ?? 0) - 1,
    add(from, at = 0) {
      const known = slots[slotOf(from, at)] ?? 0;
      if (known > 0) return known - 1;
      if (size === room) grow();
      const place = size++;
      from.copy(hashes, place * HASH_BYTES, at, at + HASH_BYTES);
      slots[slotOf(hashes, place * HASH_BYTES)] = place + 1;
      return place;
    },
    get: (place, column) => numbers[place * columns + column] ?? 0,
    set(place, column, value) {
      numbers[place * columns + column] = value;
    },
    hash: (place) => hashes.subarray(place * HASH_BYTES, (place + 1) * HASH_BYTES),
  };
}

/** The 32 bytes that 64 hex digits stand for. */
export function hashBytes(hex: string): Buffer {
  return Buffer.from(hex, 'hex');
}
