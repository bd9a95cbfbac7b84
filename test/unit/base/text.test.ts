import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatBytes } from '../../../src/base/text/bytes.ts';
import { fnv1a } from '../../../src/base/text/hash.ts';
import { counted, plural } from '../../../src/base/text/plural.ts';

describe('bytes for people', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [1449, '1.4 kB'],
    [9949, '9.9 kB'],
    [9950, '10 kB'],
    [9999, '10 kB'],
    [999_499, '999 kB'],
    [999_500, '1.0 MB'],
    [1_400_000_000, '1.4 GB'],
    [23_456_000_000, '23 GB'],
    [5e12, '5.0 TB'],
    [5e15, '5000 TB'],
  ])('%d is %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  it('never says a thousand of a unit that has a larger one, and is off by 5 % at most', () => {
    const size: Record<string, number> = { B: 1, kB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12 };
    fc.assert(
      fc.property(fc.double({ min: 0, max: 14.9, noNaN: true }), (power) => {
        const bytes = Math.floor(10 ** power);
        const [amount = '', unit = ''] = formatBytes(bytes).split(' ');
        expect(Number(amount)).toBeLessThan(1000);
        expect(Math.abs(Number(amount) * (size[unit] ?? 0) - bytes)).toBeLessThanOrEqual(bytes * 0.05);
      }),
    );
  });
});

it.each([
  [0, '0 pods'],
  [1, '1 pod'],
  [2, '2 pods'],
])('%d: %s', (number, text) => {
  expect(counted(number, 'pod')).toBe(text);
  expect(plural(number, 'pod')).toBe(number === 1 ? 'pod' : 'pods');
});

// Vectors of the FNV authors' own test suite.
it.each([
  ['', 0x811c9dc5],
  ['a', 0xe40c292c],
  ['b', 0xe70c2de5],
  ['foobar', 0xbf9cf968],
])('FNV-1a of %j', (text, hash) => {
  expect(fnv1a(Buffer.from(text))).toBe(hash);
});
