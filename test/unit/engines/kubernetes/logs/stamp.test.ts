import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatStamp, readStamp } from '../../../../../src/engines/kubernetes/logs/stamp.ts';

const read = (text: string) => readStamp(Buffer.from(text), 0, text.length);

test.each([
  ['2026-11-22T14:34:54.934617049Z', 1795358094, 934617049],
  ['2026-11-22T14:34:54.9Z', 1795358094, 900000000],
  ['2026-11-22T14:34:54Z', 1795358094, 0],
  ['2026-11-22T16:34:54.000000001+02:00', 1795358094, 1],
  ['2026-11-22T10:04:54.5-04:30', 1795358094, 500000000],
])('%s is read', (text, seconds, nanos) => {
  expect(read(text)).toEqual({ seconds, nanos });
});

test.each([
  '',
  'unable',
  '2026-11-22T14:34:54',
  '2026-11-22 14:34:54.934617049Z',
  '2026-11-22T14:34:54.9346170491Z',
  '2026-11-22T14:34:54.Z',
  '2026-1a-22T14:34:54.5Z',
  '2026-11-22T14:34:54.5ZZ',
  '2026-11-22T14:34:54.5+0200',
  '2026-11-22T14:34:54.5+02:00Z',
])('%j is no stamp', (text) => {
  expect(read(text)).toBeNull();
});

test('what is written is read again', () => {
  const stamps = fc.record({ seconds: fc.integer({ min: 0, max: 4e9 }), nanos: fc.integer({ min: 0, max: 999_999_999 }) });
  fc.assert(fc.property(stamps, (stamp) => {
    expect(read(formatStamp(stamp))).toEqual(stamp);
  }));
}); // prettier-ignore
