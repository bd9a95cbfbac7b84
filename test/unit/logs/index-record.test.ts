import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  decodeRecord,
  encodeRecord,
  RECORD_BYTES,
  type IndexRecord,
} from '../../../src/logs/index-record.ts';

const common = {
  lines: fc.nat(0xffff_ffff),
  source: fc.nat(0x7fff_ffff),
  offset: fc.maxSafeNat(),
  length: fc.nat(0x7fff_ffff),
  partial: fc.boolean(),
};
const FORTY_EIGHT_BITS = 2 ** 48 - 1;
const record: fc.Arbitrary<IndexRecord> = fc.oneof(
  fc.record({
    ...common,
    first: fc.nat(FORTY_EIGHT_BITS),
    time: fc.nat(FORTY_EIGHT_BITS),
    sum: fc.nat(0xffff_ffff),
  }),
  // As earlier versions wrote it.
  fc.record({ ...common, first: fc.maxSafeNat(), time: fc.maxSafeNat(), sum: fc.constant(null) }),
);

function encoded(value: IndexRecord): DataView {
  const view = new DataView(new ArrayBuffer(RECORD_BYTES));
  encodeRecord(value, view, 0);
  return view;
}

it('comes back as it was', () => {
  fc.assert(
    fc.property(record, (value) => {
      expect(decodeRecord(encoded(value), 0)).toEqual(value);
    }),
  );
});

it('is refused when any byte of it is another', () => {
  fc.assert(
    fc.property(record, fc.nat(RECORD_BYTES - 1), fc.integer({ min: 1, max: 255 }), (value, at, change) => {
      const view = encoded(value);
      view.setUint8(at, view.getUint8(at) ^ change);
      expect(decodeRecord(view, 0)).toBeNull();
    }),
  );
});

it('is refused when it is all zeros, as after a power cut', () => {
  expect(decodeRecord(new DataView(new ArrayBuffer(RECORD_BYTES)), 0)).toBeNull();
});
