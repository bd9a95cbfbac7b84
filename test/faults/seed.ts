import { randomInt } from 'node:crypto';

/** Seeds that once found a fault, by the name of the test that they found it with. They are run every time. */
const REGRESSIONS: Readonly<Record<string, readonly number[]>> = {
  'kill on the cluster: timeout': [1_988_861_519],
  'broken requests': [2_047_047_937],
};

const HIGHEST = 2 ** 31;

/** One seed for a test file: that of `AICHOR_FAULT_SEED`, to repeat a run, else a new one. */
const seedOfRun = readSeed(process.env['AICHOR_FAULT_SEED']);

/** Choices that follow from a seed alone. */
export interface Chance {
  /** From 0 on, below `limit`. */
  below(limit: number): number;
  /** A whole number, both ends included. */
  between(low: number, high: number): number;
  pick<T>(items: readonly T[]): T;
  shuffled<T>(items: readonly T[]): T[];
  bytes(count: number): Buffer;
}

/**
 * The seeds to run a test with, for `test.each`: its title should show the seed (`seed $0`), so that whoever sees it
 * fail can repeat it with `AICHOR_FAULT_SEED`.
 */
export function seedsOf(test: string): number[] {
  return [...(REGRESSIONS[test] ?? []), seedOfRun];
}

/** A generator of its own for each name, so that tests do not change each other's choices. */
export function chanceOf(seed: number, name: string): Chance {
  const next = mulberry32(seed ^ hashOf(name));
  const below = (limit: number) => next() * limit;
  const between = (low: number, high: number) => low + Math.floor(below(high - low + 1));
  return {
    below,
    between,
    pick(items) {
      const item = items[between(0, items.length - 1)];
      if (item === undefined) throw new RangeError('nothing to pick from');
      return item;
    },
    shuffled: (items) =>
      items
        .map((item) => ({ item, key: next() }))
        .sort((a, b) => a.key - b.key)
        .map(({ item }) => item),
    bytes: (count) => Buffer.from(Array.from({ length: count }, () => between(0, 255))),
  };
}

function readSeed(text: string | undefined): number {
  if (!text) return randomInt(HIGHEST);
  const seed = Number(text);
  if (!Number.isInteger(seed) || seed < 0 || seed >= HIGHEST)
    throw new RangeError(`AICHOR_FAULT_SEED is ${text}, but must be a whole number below ${HIGHEST}`);
  return seed;
}

/** A small generator with a state of 32 bits that passes the usual tests of randomness. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** FNV-1a. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
