import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { crc32c } from '../../../src/base/text/crc32c.ts';
import { maskedCrc } from '../../../src/metrics/event-file/masked-crc.ts';
import { filesByRun, readRun, readRuns, type Runs } from '../../fixtures/event-file-values.ts';
import { LONGEST_RECORD, walkRecords } from '../../../src/metrics/event-file/records.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures/event-files');
const EXPECTED: Record<string, Runs> = JSON.parse(readFileSync(join(FIXTURES, 'expected.json'), 'utf8'));
describe('files of real writers are read as TensorBoard reads them', () => {
  test.each(Object.entries(EXPECTED))('%s', (name, expected) => {
    expect(readRuns(join(FIXTURES, name))).toEqual(expected);
  });

  test('in pieces of any size', () => {
    const files = [...filesByRun(join(FIXTURES, 'tensorflow')).values()].flat();
    for (const chunk of [1, 7, 64, 300]) expect(readRun(files, chunk)).toEqual(readRun(files));
  });
});

function frame(data: Uint8Array): Buffer {
  const framed = Buffer.alloc(data.length + 16);
  framed.writeBigUInt64LE(BigInt(data.length), 0);
  const view = new DataView(framed.buffer, framed.byteOffset, framed.byteLength);
  framed.writeInt32LE(maskedCrc(view, 0, 8), 8);
  framed.set(data, 12);
  framed.writeInt32LE(maskedCrc(view, 12, 12 + data.length), 12 + data.length);
  return framed;
}

function walked(bytes: Uint8Array) {
  const records: string[] = [];
  const end = walkRecords(bytes, (start, stop) =>
    records.push(Buffer.from(bytes.subarray(start, stop)).toString()),
  );
  return { ...end, records };
}

test('the checksum is that of Castagnoli', () => {
  expect(crc32c(Buffer.from('123456789'), 0, 9).toString(16)).toBe('e3069283');
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      let crc = -1;
      for (const byte of bytes) {
        crc ^= byte;
        for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
      }
      expect(crc32c(bytes, 0, bytes.length)).toBe(~crc >>> 0);
    }),
  );
});

describe('a file that is cut, or damaged', () => {
  const [first, second] = [frame(Buffer.from('first')), frame(Buffer.from('second'))];
  const file = Buffer.concat([first, second]);

  test('is read up to there, wherever it is cut, and is no damaged one', () => {
    for (let length = 0; length <= file.length; length++) {
      const whole = length === file.length ? 2 : length >= first.length ? 1 : 0;
      const result = walked(file.subarray(0, length));
      expect(result).toMatchObject({ damage: null, records: ['first', 'second'].slice(0, whole) });
      expect(result.consumed).toBe([0, first.length, file.length][whole]);
    }
  });

  test('is told, whichever byte is another one, and what came before is kept', () => {
    for (let at = first.length; at < file.length; at++) {
      const damaged = Buffer.from(file);
      damaged[at] = (damaged[at] ?? 0) ^ 0x10;
      const result = walked(damaged);
      expect(result).toMatchObject({ records: ['first'], consumed: first.length });
      expect(result.damage).toMatch(/checksum/);
    }
  });

  test('room that was made at its end is no damage; zeros in its middle are', () => {
    expect(walked(Buffer.concat([file, Buffer.alloc(64)]))).toMatchObject({
      damage: null,
      consumed: file.length,
    });
    expect(walked(Buffer.concat([first, Buffer.alloc(64), second])).damage).toMatch(/checksum/);
  });

  test('a record that is too long is passed over unread', () => {
    const head = frame(Buffer.alloc(LONGEST_RECORD + 1)).subarray(0, 100);
    expect(walked(head)).toMatchObject({ damage: null, consumed: LONGEST_RECORD + 1 + 16, records: [] });
  });
});

test('records that are no events are passed over, whatever is in them', () => {
  const event = filesByRun(join(FIXTURES, 'tensorboard')).get('')?.[0] ?? Buffer.alloc(0);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      const tags = readRun([Buffer.concat([frame(bytes), event])]);
      expect(tags['loss']).toHaveLength(7);
    }),
    { numRuns: 300 },
  );
});

/** Fields of a message, as writers put them together. */
const field = (number: number, kind: number, bytes: Uint8Array) =>
  Buffer.concat([Buffer.of(number * 8 + kind), ...(kind === 2 ? [Buffer.of(bytes.length)] : []), bytes]);
const numberBytes = (value: number, isDouble: boolean) => {
  const bytes = Buffer.alloc(isDouble ? 8 : 4);
  if (isDouble) bytes.writeDoubleLE(value);
  else bytes.writeFloatLE(value);
  return bytes;
};

interface Written {
  tag: string;
  value: number;
  form: 'simple' | 'content' | 'list' | 'packed' | 'whole';
  isDouble: boolean;
  plugin: string | null;
  isMetadataFirst: boolean;
  step: number;
}

function valueOf({ tag, value, form, isDouble, plugin, isMetadataFirst }: Written): Buffer {
  const name = field(1, 2, Buffer.from(tag));
  if (form === 'simple') return Buffer.concat([name, field(2, 5, numberBytes(value, false))]);
  const bytes = numberBytes(value, isDouble);
  const numbers = {
    content: field(4, 2, bytes),
    list: isDouble ? field(6, 1, bytes) : field(5, 5, bytes),
    packed: isDouble ? field(6, 2, bytes) : field(5, 2, bytes),
    whole: field(7, 0, Buffer.of(Math.abs(Math.trunc(value)) % 100)),
  }[form];
  const dtype = form === 'whole' ? 3 : isDouble ? 2 : 1;
  const tensor = field(8, 2, Buffer.concat([field(1, 0, Buffer.of(dtype)), numbers]));
  const told = plugin === null ? [] : [field(9, 2, field(1, 2, field(1, 2, Buffer.from(plugin))))];
  return Buffer.concat([name, ...(isMetadataFirst ? [...told, tensor] : [tensor, ...told])]);
}

test('what is read in the usual way is what is read field by field, however forms, names and plugins follow each other', () => {
  const written: fc.Arbitrary<Written> = fc.record({
    tag: fc.constantFrom('a', 'b', 'loss/train'),
    value: fc.double({ noNaN: true, min: -1e6, max: 1e6 }),
    form: fc.constantFrom('simple', 'content', 'list', 'packed', 'whole'),
    isDouble: fc.boolean(),
    plugin: fc.constantFrom(null, 'scalars', 'scalars', 'images'),
    isMetadataFirst: fc.boolean(),
    step: fc.integer({ min: 0, max: 127 }),
  });
  const some = fc.array(fc.tuple(written, fc.integer({ min: 1, max: 4 })), { maxLength: 30 });
  fc.assert(
    fc.property(some, (list) => {
      const all = list.flatMap(([one, times]) =>
        Array.from({ length: times }, (_, index) => ({ ...one, value: one.value + index, step: index })),
      );
      const time = field(1, 1, numberBytes(1.7e9, true));
      const step = (one: Written) => field(2, 0, Buffer.of(one.step));
      const summary = (one: Written) => field(5, 2, field(1, 2, valueOf(one)));
      const usual = all.map((one) => frame(Buffer.concat([time, step(one), summary(one)])));
      // The time behind the step: nobody writes that, and every field is looked at.
      const unusual = all.map((one) => frame(Buffer.concat([step(one), time, summary(one)])));
      expect(readRun([Buffer.concat(usual)])).toEqual(readRun([Buffer.concat(unusual)]));
    }),
    { numRuns: 500 },
  );
});
