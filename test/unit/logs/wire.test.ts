import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { LogSource } from '../../../src/logs/line.ts';
import { endLine, encodeLines, LINE_START, parseLogLine, tailLine } from '../../../src/logs/wire.ts';

const source: LogSource = { step: 'run', pod: 'worker-0-0', attempt: 3, stream: 'stderr' };
const record = {
  first: 7,
  lines: 0,
  source: 0,
  offset: 0,
  length: 0,
  time: 1_790_000_000_123,
  partial: false,
};

function parsed(lines: readonly string[], skip = 0, partial = false): unknown[] {
  const text = [
    ...encodeLines({ ...record, lines: lines.length, partial }, source, { text: lines.join('\n'), skip }),
  ].join('');
  return text.split('\n').slice(0, -1).map(parseLogLine);
}

it('has the keys of the contract, in its order', () => {
  expect([...encodeLines({ ...record, lines: 1 }, source, { text: 'a "b"\n', skip: 0 })]).toEqual([
    '{"sequence":7,"time":"2026-09-21T14:13:20.123Z","step":"run","pod":"worker-0-0","attempt":3,"stream":"stderr","text":"a \\"b\\"","partial":false}\n',
  ]);
});

it('carries any text', () => {
  const line = fc.string({ unit: 'binary' }).map((text) => text.replaceAll(/[\r\n]/g, ''));
  fc.assert(
    fc.property(fc.array(line, { minLength: 1 }), fc.nat(3), (lines, skip) => {
      const expected = lines.map((text, index) => ({ sequence: 7 + index, text })).slice(skip);
      expect(parsed(lines, skip)).toMatchObject(expected);
    }),
  );
});

it('drops a carriage return at the end of a line, not within it and not at the end of a part', () => {
  expect(parsed(['10%\r20%\r', 'x\r\r', '\r'])).toMatchObject([
    { text: '10%\r20%' },
    { text: 'x\r' },
    { text: '' },
  ]);
  expect(parsed(['x\r'], 0, true)).toMatchObject([{ text: 'x\r', partial: true }]);
});

it('comes in pieces of bounded size', () => {
  const pieces = [
    ...encodeLines({ ...record, lines: 100_000 }, source, { text: '\n'.repeat(100_000), skip: 0 }),
  ];
  expect(pieces.length).toBeGreaterThan(10);
  expect(Math.max(...pieces.map((piece) => piece.length))).toBeLessThan(300_000);
  expect(pieces.every((piece) => piece.startsWith(LINE_START) && piece.endsWith('\n'))).toBe(true);
});

it('speaks of itself in lines that cannot be taken for log lines', () => {
  expect(JSON.parse(endLine(9))).toEqual({ end: 9 });
  expect(JSON.parse(tailLine(9))).toEqual({ tail_at: 9 });
  expect(endLine(9).startsWith(LINE_START) || tailLine(9).startsWith(LINE_START)).toBe(false);
});
