import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeRecords, type RecordBytes } from '../../../../src/logs/store/encode.ts';
import type { IndexRecord } from '../../../../src/logs/index-record.ts';
import type { LogSource } from '../../../../src/logs/line.ts';
import { LINE_START, parseLogLine } from '../../../../src/logs/wire.ts';
import { anyText } from '../../../fuzz/text.ts';

const source: LogSource = { step: 'run', pod: 'worker-0-0', attempt: 3, stream: 'stderr' };
const record: IndexRecord = {
  first: 7,
  lines: 1,
  source: 0,
  offset: 0,
  length: 0,
  time: 1_790_000_000_123,
  partial: false,
  sum: null,
};

function encoded(...records: RecordBytes[]): string {
  return Buffer.concat([...encodeRecords(records)]).toString('utf8');
}

/** The same, one line after another by the standard library: what the encoder has to be equal to, byte by byte. */
function asStandard({ record, source, bytes, skip }: RecordBytes): string {
  const lines = bytes.toString('utf8').split('\n').slice(0, record.lines);
  const documents = lines.map((line, index) => ({
    sequence: record.first + index,
    time: new Date(record.time).toISOString(),
    step: source.step,
    pod: source.pod,
    attempt: source.attempt,
    stream: source.stream,
    text: record.partial ? line : line.replace(/\r$/, ''),
    partial: record.partial,
  }));
  return documents
    .slice(skip)
    .map((document) => `${JSON.stringify(document)}\n`)
    .join('');
}

/** Bytes of all kinds: text, what JSON escapes, what is no UTF-8, characters that are cut off. */
const bytes = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      anyText().map((text) => Buffer.from(text)),
      fc.string({ unit: 'grapheme-ascii', maxLength: 300 }).map((text) => Buffer.from(text)),
      fc
        .constantFrom('\n', '\r\n', '\r', '\n\n', '\u001b[1m"\\', '\0', '\u2028')
        .map((text) => Buffer.from(text)),
      fc
        .constantFrom([0xe2, 0x82], [0xff], [0xed, 0xa0, 0x80], [0xf0, 0x9f], [0xc0, 0x80])
        .map((some) => Buffer.from(some)),
    ),
    { maxLength: 40 },
  )
  .map((parts) => Buffer.concat(parts));

const someRecord = fc
  .record({
    bytes,
    first: fc.oneof(
      fc.integer({ min: 1, max: 2000 }),
      fc.constantFrom(9, 99, 999_999, 9_007_199_254_000_000),
    ),
    partial: fc.boolean(),
    pod: fc.constantFrom('worker-0-0', 'pod "é"', null),
    skip: fc.nat(4),
  })
  .map(({ bytes, first, partial, pod, skip }): RecordBytes => {
    const newlines = bytes.filter((byte) => byte === 10).length;
    const lines = partial ? 1 : newlines + Number(bytes.at(-1) !== 10);
    return {
      record: { ...record, first, lines, length: bytes.length, partial },
      source: { ...source, pod },
      bytes: partial ? Buffer.from(bytes.filter((byte) => byte !== 10)) : bytes,
      skip: Math.min(skip, lines),
    };
  });

describe('whatever the bytes are', () => {
  it('is what JSON.stringify makes of each line', () => {
    fc.assert(
      fc.property(fc.array(someRecord, { maxLength: 6 }), (records) => {
        expect(encoded(...records)).toBe(records.map(asStandard).join(''));
      }),
      { numRuns: 400 },
    );
  });

  it('also where lines are longer than a chunk, and where a chunk ends', () => {
    for (const length of [262_000, 262_144, 300_000, 1_048_576])
      for (const unit of ['x', '\u0001', 'é', 'a\r', '"b']) {
        const line = unit.repeat(Math.ceil(length / unit.length));
        const bytes = Buffer.from(`short\n${line}\n${line}\r\nend\n`);
        const whole = { record: { ...record, lines: 4, length: bytes.length }, source, bytes, skip: 0 };
        expect(
          encoded(whole, whole) === asStandard(whole).repeat(2),
          `${length} x ${JSON.stringify(unit)}`,
        ).toBe(true);
      }
  });
});

it('has the keys of the contract, in its order', () => {
  expect(encoded({ record, source, bytes: Buffer.from('a "b"\n'), skip: 0 })).toBe(
    '{"sequence":7,"time":"2026-09-21T14:13:20.123Z","step":"run","pod":"worker-0-0","attempt":3,"stream":"stderr","text":"a \\"b\\"","partial":false}\n',
  );
});

it('drops a carriage return at the end of a line, not within it and not at the end of a part', () => {
  const bytes = Buffer.from('10%\r20%\nx\r\r\n\r\n');
  const lines = encoded({ record: { ...record, lines: 3 }, source, bytes, skip: 0 })
    .split('\n')
    .slice(0, -1);
  expect(lines.map((line) => parseLogLine(line).text)).toEqual(['10%\r20%', 'x\r', '']);
  const part = { record: { ...record, partial: true }, source, bytes: Buffer.from('x\r'), skip: 0 };
  expect(parseLogLine(encoded(part))).toMatchObject({ text: 'x\r', partial: true });
});

it('comes in chunks of bounded size, each of whole lines', () => {
  const bytes = Buffer.alloc(100_000, '\n');
  const chunks = [...encodeRecords([{ record: { ...record, lines: 100_000 }, source, bytes, skip: 0 }])];
  expect(chunks.length).toBeGreaterThan(10);
  expect(Math.max(...chunks.map((chunk) => chunk.length))).toBeLessThan(300_000);
  for (const chunk of chunks) {
    const text = Buffer.from(chunk).toString();
    expect(text.startsWith(LINE_START) && text.endsWith('\n')).toBe(true);
  }
});

it('takes no more memory for a long line than it needs', () => {
  const bytes = Buffer.alloc(1 << 20, 'x');
  const [chunk] = encodeRecords([{ record: { ...record, length: bytes.length }, source, bytes, skip: 0 }]);
  expect(chunk?.buffer.byteLength).toBeLessThan(bytes.length + 1000);
});

it('takes little memory for one short line', () => {
  const [chunk] = encodeRecords([
    { record: { ...record, length: 2 }, source, bytes: Buffer.from('a\n'), skip: 0 },
  ]);
  // At most the pool that Node cuts small buffers from, whose size differs from version to version.
  expect(chunk?.buffer.byteLength).toBeLessThanOrEqual(Buffer.poolSize);
});
