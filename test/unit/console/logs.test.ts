import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lastState, plainText, stretchesOf } from '../../../src/console/logs/ansi.ts';
import { LOG_PAGE } from '../../../src/api/console/first-asked.ts';
import { createPageStore } from '../../../src/console/logs/page-store.ts';
import { placeAt, ROW_HEIGHT, scrollHeight, topOf, wrappedPlace } from '../../../src/console/logs/scroll.ts';
import type { LogLine } from '../../../src/logs/line.ts';
import { anyText } from '../../fuzz/text.ts';

describe('what a line says of colours', () => {
  it.each<[string, [string, string][]]>([
    ['plain', [['plain', '']]],
    [
      '\x1b[31mred\x1b[0m after',
      [
        ['red', 'fg-1'],
        [' after', ''],
      ],
    ],
    [
      '\x1b[1;92mA\x1b[22mB\x1b[39mC',
      [
        ['A', 'bold fg-10'],
        ['B', 'fg-10'],
        ['C', ''],
      ],
    ],
    ['\x1b[mx', [['x', '']]],
    ['\x1b[48;5;3;4mx', [['x', 'underline']]],
    ['\x1b[2J\x1b[1;1Hcleared', [['cleared', '']]],
    ['\x1b]8;;http://evil.test\x07link\x1b]8;;\x07', [['link', '']]],
    ['\x1b]0;title\x1b\\x', [['x', '']]],
    ['cut \x1b', [['cut ', '']]],
    ['a\x00b\x08', [['a␀b␈', '']]],
    ['\u202egnp.exe', [['⟨202E⟩gnp.exe', '']]],
  ])('of %j', (line, wanted) => {
    expect(stretchesOf(line).map(({ text, styles }) => [text, styles.join(' ')])).toEqual(wanted);
  });

  it.each([
    ['\x1b[38;5;196mx', 'rgb(255 0 0)'],
    ['\x1b[38;5;244mx', 'rgb(128 128 128)'],
    ['\x1b[38;2;1;2;999mx', 'rgb(1 2 255)'],
    ['\x1b[38;2;1;2;3;31mx', null],
  ])('takes colours beyond the sixteen: %j', (line, color) =>
    expect(stretchesOf(line)[0]?.color).toBe(color),
  );

  it('is never more than numbers, whatever the line is', () => {
    fc.assert(
      fc.property(anyText(), fc.string(), (a, b) => {
        for (const { styles, color } of stretchesOf(`${a}\x1b[${b}m${a}\x1b]${b}`)) {
          for (const style of styles) expect(style).toMatch(/^(?:fg|bg)-\d+$|^[a-z]+$/);
          expect(color ?? 'rgb(0 0 0)').toMatch(/^rgb\(\d+ \d+ \d+\)$/);
        }
      }),
    );
  });

  it('leaves no command to a terminal', () => {
    fc.assert(
      fc.property(anyText(), (text) => {
        expect(plainText(text)).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/);
      }),
    );
  });

  it.each([
    ['10%\r50%\r100%', '100%'],
    ['10%\r50%\r', '50%'],
    ['no return', 'no return'],
    ['\r\r', ''],
  ])('shows of %j the last state', (line, wanted) => expect(lastState(line)).toBe(wanted));
});

describe('scrolling', () => {
  it('finds each line where it was put, whatever the length', () => {
    fc.assert(
      fc.property(fc.integer({ min: 50, max: 5_000_000 }), fc.nat(), (lines, which) => {
        const size = { lines, height: 600 };
        const line = which % (lines - 30);
        const { first, hidden } = placeAt(topOf(line, size), size);
        expect(Math.abs(first + hidden / ROW_HEIGHT - line)).toBeLessThan(0.01);
      }),
    );
  });

  it('reaches the last line, and no further than browsers draw', () => {
    for (const lines of [40, 500_000, 10_000_000]) {
      const size = { lines, height: 600 };
      const { first } = placeAt(scrollHeight(lines) - 600, size);
      expect(first).toBe(lines - 30);
      expect(scrollHeight(lines)).toBeLessThanOrEqual(15_000_000);
    }
    expect(placeAt(0, { lines: 0, height: 600 }).first).toBe(0);
  });
});

describe('pages of lines', () => {
  const line = (sequence: number) => ({ sequence, text: `line ${sequence}` }) as LogLine;
  function stored(lines: number, damaged: ReadonlySet<number> = new Set()) {
    const asked: number[] = [];
    const all = { lines };
    const store = createPageStore({
      count: () => all.lines,
      load: async (page) => {
        const offset = page * LOG_PAGE;
        asked.push(offset);
        const until = Math.min(offset + LOG_PAGE, all.lines);
        return Array.from({ length: until - offset }, (_, at) => line(offset + at + 1)).filter(
          ({ sequence }) => !damaged.has(sequence),
        );
      },
      changed: () => undefined,
    });
    return { store, asked, all };
  }
  const settled = () => new Promise((resolve) => setImmediate(resolve));

  it('are asked for once, when a line of them is', async () => {
    const { store, asked } = stored(2000);
    expect([store.line(700), store.line(701)]).toEqual([null, null]);
    await settled();
    expect(store.line(700)?.sequence).toBe(701);
    expect(asked).toEqual([LOG_PAGE]);
    expect(store.known(999)?.text).toBe('line 999');
    expect(store.known(1)).toBeNull();
  });

  it('are no more than twenty', async () => {
    const { store, asked } = stored(50 * LOG_PAGE);
    for (let page = 0; page < 50; page++) {
      store.line(page * LOG_PAGE);
      await settled();
    }
    expect(store.line(0)).toBeNull();
    expect(store.line(49 * LOG_PAGE)).not.toBeNull();
    expect(asked).toHaveLength(51);
  });

  it('grow with what comes, and are not asked for again and again where lines are damaged', async () => {
    const { store, asked, all } = stored(499, new Set([100]));
    store.line(0);
    await settled();
    expect(store.line(498)).toBeNull();
    await settled();
    expect(asked).toEqual([0]);
    for (let next = 500; next <= 1100; next++) {
      store.append(line(next), all.lines);
      all.lines++;
    }
    expect(store.line(1099)?.sequence).toBe(1100);
    expect(store.line(600)?.sequence).toBe(601);
    expect(asked).toEqual([0]);
  });
});

describe('the place in a wrapped log', () => {
  it('holds the first line to the top, the last to the bottom, and every other between them', () => {
    const sizes = { lines: 100, height: 400 };
    expect(wrappedPlace(0, sizes)).toEqual({ line: 0, within: 0, at: 0 });
    expect(wrappedPlace(1, sizes)).toEqual({ line: 99, within: 1, at: 400 });
    expect(wrappedPlace(0.505, sizes)).toEqual({ line: 50, within: expect.closeTo(0.5), at: 202 });
    expect(wrappedPlace(2, sizes)).toEqual(wrappedPlace(1, sizes));
  });
});
