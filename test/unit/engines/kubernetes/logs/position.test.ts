import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  beginning,
  decodePosition,
  encodePosition,
  KEPT_RUNS,
  POSITION_BYTES,
  type Position,
} from '../../../../../src/engines/kubernetes/logs/position.ts';
import { openPositionFile } from '../../../../../src/engines/kubernetes/logs/keep.ts';

const stamp = fc.record({ seconds: fc.nat(4e9), nanos: fc.nat(999_999_999) });
const number = fc.nat(Number.MAX_SAFE_INTEGER);
const position: fc.Arbitrary<Position> = fc.record({
  since: fc.option(number),
  count: number,
  first: fc.option(stamp),
  total: number,
  oldest: fc.option(stamp),
  recent: fc.array(fc.record({ stamp, times: fc.nat(4e9) }), { maxLength: KEPT_RUNS }),
  next: fc.option(stamp),
  base: number,
  offset: number,
  foreign: number,
  done: fc.boolean(),
});

test('a position is read as it was written', () => {
  fc.assert(
    fc.property(position, number, (one, sequence) => {
      const bytes = encodePosition(one, sequence);
      expect(bytes).toHaveLength(POSITION_BYTES);
      expect(decodePosition(bytes)).toEqual({ position: one, sequence });
    }),
  );
});

test('a torn one is none', () => {
  const at = fc.nat(POSITION_BYTES - 1);
  fc.assert(
    fc.property(position, position, at, (one, other, torn) => {
      const [before, after] = [encodePosition(one, 1), encodePosition(other, 2)];
      const mixed = Buffer.concat([after.subarray(0, torn), before.subarray(torn)]);
      const whole = [before, after].some((bytes) => bytes.equals(mixed));
      expect(decodePosition(mixed) !== null).toBe(whole);
      expect(decodePosition(before.subarray(0, torn))).toBeNull();
    }),
  );
  expect(decodePosition(Buffer.alloc(POSITION_BYTES))).toBeNull();
});

test('the latest counts whose bytes the log file has', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'aichor-position-'));
  const path = join(folder, 'position');
  const file = openPositionFile(path);
  const at = (offset: number): Position => ({ ...beginning(0), offset });
  expect(file.read(0)).toBeNull();
  file.write(at(10));
  file.write(at(20));
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(file.read(25)?.offset).toBe(20);
  expect(file.read(19)?.offset).toBe(10);
  // Now the one that never came true is written over, not the one that counts.
  file.write(at(15));
  expect(file.read(25)?.offset).toBe(15);
  expect(file.read(14)?.offset).toBe(10);
  // A file that lost what it had: from the beginning.
  expect(file.read(5)).toEqual(beginning(0));
  file.close();
  await rm(folder, { recursive: true });
});
