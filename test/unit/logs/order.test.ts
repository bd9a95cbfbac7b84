import fc from 'fast-check';
import { expect, it } from 'vitest';
import { orderTakes, type Take, type WaitingLines } from '../../../src/logs/order.ts';

const [OUT, ERR] = [0, 1];

const lines = (count: number): WaitingLines => ({ lines: count, more: false });

it.each<[string, number[], [WaitingLines, WaitingLines], Take[]]>([
  ['nothing', [], [lines(0), lines(0)], []],
  ['a report without a line', [OUT], [lines(0), lines(0)], []],
  ['more lines than reports', [OUT, ERR], [lines(3), lines(1)], [take(OUT, 3), take(ERR, 1)]],
  [
    'in turn',
    [OUT, ERR, OUT, ERR],
    [lines(2), lines(2)],
    [take(OUT, 1), take(ERR, 1), take(OUT, 1), take(ERR, 1)],
  ],
  ['runs', [OUT, OUT, ERR, OUT], [lines(3), lines(1)], [take(OUT, 2), take(ERR, 1), take(OUT, 1)]],
  [
    'two writes a line',
    [OUT, OUT, ERR, ERR, OUT, OUT],
    [lines(2), lines(1)],
    [take(OUT, 1), take(ERR, 1), take(OUT, 1)],
  ],
  [
    'the first of two writes is not there any more, or the second not yet',
    [OUT, ERR, ERR, OUT],
    [lines(1), lines(1)],
    [take(OUT, 1), take(ERR, 1)],
  ],
  [
    'more than was looked at',
    [OUT, ERR, OUT],
    [{ lines: 2, more: true }, lines(1)],
    [take(OUT, 1), take(ERR, 1), take(OUT, 'rest')],
  ],
])('%s', (_name, reports, [out, err], takes) => {
  expect(
    orderTakes(
      reports,
      new Map([
        [OUT, out],
        [ERR, err],
      ]),
    ),
  ).toEqual(takes);
});

it('replays single-line writes in the order they were made', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(4), { maxLength: 50 }), (writes) => {
      const unread = new Map<number, number[]>();
      writes.forEach((source, line) => unread.set(source, [...(unread.get(source) ?? []), line]));
      const waiting = new Map([...unread].map(([source, all]) => [source, lines(all.length)]));
      const seen = orderTakes(writes, waiting).flatMap(
        ({ source, lines: count }) => unread.get(source)?.splice(0, Number(count)) ?? [],
      );
      expect(seen).toEqual(writes.map((_, line) => line));
    }),
  );
});

it('takes every line that is there', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(2), { maxLength: 30 }),
      fc.tuple(fc.nat(20), fc.nat(20), fc.nat(20)),
      (reports, counts) => {
        const waiting = new Map(counts.map((count, source) => [source, lines(count)]));
        const takes = orderTakes(reports, waiting);
        for (const source of new Set(reports)) {
          const taken = takes
            .filter((one) => one.source === source)
            .reduce((sum, one) => sum + Number(one.lines), 0);
          expect(taken).toBe(counts[source]);
        }
      },
    ),
  );
});

function take(source: number, count: number | 'rest'): Take {
  return { source, lines: count };
}
