import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  countNewlines,
  lastLine,
  lineEnds,
  lookAt,
  nextWindow,
  type LineCursor,
  type LineSpan,
} from '../../../src/logs/split.ts';

const LIMIT = 16;

/** Plays a file that grows to `sizes[0]`, `sizes[1]`, … bytes, read in windows of at most `window` bytes. */
function spansOf(bytes: Uint8Array, sizes: readonly number[], window: number): LineSpan[] {
  const spans: LineSpan[] = [];
  let cursor: LineCursor = { end: 0, scanned: 0 };
  for (const size of sizes) {
    for (;;) {
      const { position, length } = nextWindow(cursor, LIMIT);
      const until = Math.min(size, position + Math.min(length, Math.max(window, 4)));
      if (until <= cursor.scanned) break;
      const next = lookAt(cursor, { position, bytes: bytes.subarray(position, until) }, LIMIT);
      cursor = next.cursor;
      if (next.span) spans.push(next.span);
    }
  }
  const last = lastLine(cursor);
  return last ? [...spans, last] : spans;
}

/** Each line or part of these spans: its bytes, and whether it is a part. */
function linesOf(bytes: Uint8Array, spans: readonly LineSpan[]): { bytes: string; partial: boolean }[] {
  return spans.flatMap(({ offset, length, partial }) => {
    const text = Buffer.from(bytes.subarray(offset, offset + length)).toString('latin1');
    return (text.match(/[^\n]*\n|[^\n]+$/g) ?? []).map((line) => ({ bytes: line, partial }));
  });
}

const bytesWithNewlines = fc
  .array(
    fc.oneof(
      fc.constant(0x0a),
      fc.constant(0x61),
      fc.integer({ min: 0, max: 255 }),
      fc.constantFrom(0xe2, 0x82, 0xac, 0xf0, 0x9f, 0x98, 0x80),
    ),
    { maxLength: 120 },
  )
  .map((list) => Uint8Array.from(list));

describe('lines of a growing file', () => {
  it('are the same however it grows and is read', () => {
    fc.assert(
      fc.property(
        bytesWithNewlines,
        fc.array(fc.nat(120)),
        fc.integer({ min: 4, max: 40 }),
        (bytes, cuts, window) => {
          const sizes = [...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length];
          const whole = linesOf(bytes, spansOf(bytes, [bytes.length], LIMIT + 1));
          expect(linesOf(bytes, spansOf(bytes, sizes, window))).toEqual(whole);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('cover every byte once, and count rightly', () => {
    fc.assert(
      fc.property(bytesWithNewlines, (bytes) => {
        const spans = spansOf(bytes, [bytes.length], LIMIT + 1);
        let end = 0;
        for (const span of spans) {
          expect(span.offset).toBe(end);
          end += span.length;
          expect(span.length).toBeLessThanOrEqual(LIMIT + 1);
          expect(linesOf(bytes, [span])).toHaveLength(span.lines);
        }
        expect(end).toBe(bytes.length);
      }),
    );
  });

  it('are cut between characters only', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 80 }), (text) => {
        const bytes = Buffer.from(text);
        const parts = linesOf(bytes, spansOf(bytes, [bytes.length], LIMIT + 1));
        expect(parts.map((part) => Buffer.from(part.bytes, 'latin1').toString('utf8')).join('')).toBe(
          bytes.toString('utf8'),
        );
      }),
    );
  });

  it('decode in parts to what they decode to whole, whatever the bytes', () => {
    fc.assert(
      fc.property(bytesWithNewlines, (bytes) => {
        const parts = linesOf(bytes, spansOf(bytes, [bytes.length], LIMIT + 1));
        const decoded = parts.map((part) => Buffer.from(part.bytes, 'latin1').toString('utf8')).join('');
        expect(decoded).toBe(Buffer.from(bytes).toString('utf8'));
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['a line of exactly the limit', 'x'.repeat(16) + '\n', [{ length: 17, partial: false }]],
    [
      'one byte more',
      'x'.repeat(17) + '\n',
      [
        { length: 16, partial: true },
        { length: 2, partial: false },
      ],
    ],
    ['the limit without a newline', 'x'.repeat(16), [{ length: 16, partial: false }]],
    [
      'a character across the limit',
      'x'.repeat(14) + '€' + 'y\n',
      [
        { length: 14, partial: true },
        { length: 5, partial: false },
      ],
    ],
    [
      'nothing but continuation bytes',
      '\u0080'.repeat(17),
      [
        { length: 16, partial: true },
        { length: 1, partial: false },
      ],
    ],
  ])('%s', (_name, text, expected) => {
    const bytes = text.includes('€') ? Buffer.from(text) : Buffer.from(text, 'latin1');
    const spans = spansOf(bytes, [bytes.length], LIMIT + 1);
    expect(spans.map(({ length, partial }) => ({ length, partial }))).toEqual(expected);
  });
});

describe('counting', () => {
  it('finds the first line ends', () => {
    expect(lineEnds(Buffer.from('a\nbb\n\nc'), 2)).toEqual([2, 5]);
    expect(lineEnds(Buffer.from('a\nbb\n\nc'), 9)).toEqual([2, 5, 6]);
    expect(lineEnds(Buffer.from('abc'), 9)).toEqual([]);
    expect(countNewlines(Buffer.from('a\nbb\n\nc'))).toBe(3);
  });
});
