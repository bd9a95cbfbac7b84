import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { crc32c } from '../../../src/base/text/crc32c.ts';
import { maskedCrc } from '../../../src/metrics/event-file/masked-crc.ts';
import { createEventReader } from '../../../src/metrics/event-file/read-events.ts';
import { LONGEST_RECORD, walkRecords } from '../../../src/metrics/event-file/records.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures/event-files');
const EXPECTED: Record<string, Runs> = JSON.parse(readFileSync(join(FIXTURES, 'expected.json'), 'utf8'));
type Runs = Record<string, Record<string, [number, number | string][]>>;

/** Event files below a folder, by the folder that they are in; in the order of their names. */
function filesByRun(folder: string): Map<string, Buffer[]> {
  const runs = new Map<string, Buffer[]>();
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
  for (const file of files.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(file.parentPath, file.name);
    const run = relative(folder, dirname(path));
    runs.set(run, [...(runs.get(run) ?? []), readFileSync(path)]);
  }
  return runs;
}

/** Steps and values by tag, as `write.py` writes them down. */
function readRun(files: readonly Buffer[], chunk = Number.POSITIVE_INFINITY) {
  const tags: Record<string, [number, number | string][]> = {};
  for (const file of files) {
    const reader = createEventReader({
      scalar({ name }, { step, value }) {
        const word = Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf';
        (tags[name] ??= []).push([step, Number.isFinite(value) ? value : word]);
      },
      restarted(from) {
        for (const [name, values] of Object.entries(tags))
          tags[name] = values.filter(([step]) => step < from);
      },
    });
    let [at, size] = [0, chunk];
    while (at < file.length) {
      const { consumed, needed, damage } = reader.read(file.subarray(at, at + size));
      expect(damage).toBeNull();
      at += consumed;
      size = consumed > 0 ? chunk : Math.max(needed, size + 1);
    }
  }
  return tags;
}

describe('files of real writers are read as TensorBoard reads them', () => {
  test.each(Object.entries(EXPECTED))('%s', (name, expected) => {
    const runs = filesByRun(join(FIXTURES, name));
    expect(Object.fromEntries([...runs].map(([run, files]) => [run, readRun(files)]))).toEqual(expected);
  });

  test('in pieces of any size', () => {
    const files = [...filesByRun(join(FIXTURES, 'tensorflow')).values()].flat();
    for (const chunk of [1, 7, 64, 300]) expect(readRun(files, chunk)).toEqual(readRun(files));
  });
});

function frame(data: Uint8Array): Buffer {
  const framed = Buffer.alloc(data.length + 16);
  framed.writeBigUInt64LE(BigInt(data.length), 0);
  framed.writeUInt32LE(maskedCrc(framed, 0, 8), 8);
  framed.set(data, 12);
  framed.writeUInt32LE(maskedCrc(framed, 12, 12 + data.length), 12 + data.length);
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
