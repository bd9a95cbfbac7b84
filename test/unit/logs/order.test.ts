import fc from 'fast-check';
import { expect, it } from 'vitest';
import { orderTakes, type Take } from '../../../src/logs/order.ts';

const [OUT, ERR] = [0, 1];

it.each<[string, number[], Take[]]>([
  ['nothing', [], []],
  ['one report', [OUT], [{ source: OUT, lines: 'rest' }]],
  ['many of one', [OUT, OUT, OUT], [{ source: OUT, lines: 'rest' }]],
  [
    'in turn',
    [OUT, ERR, OUT, ERR],
    [
      { source: OUT, lines: 1 },
      { source: ERR, lines: 1 },
      { source: OUT, lines: 'rest' },
      { source: ERR, lines: 'rest' },
    ],
  ],
  [
    'runs',
    [OUT, OUT, ERR, OUT],
    [
      { source: OUT, lines: 2 },
      { source: ERR, lines: 'rest' },
      { source: OUT, lines: 'rest' },
    ],
  ],
])('%s', (_name, reports, takes) => {
  expect(orderTakes(reports)).toEqual(takes);
});

it('replays single-line writes in the order they were made', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(4), { maxLength: 50 }), (writes) => {
      const unread = new Map<number, number[]>();
      writes.forEach((source, line) => unread.set(source, [...(unread.get(source) ?? []), line]));
      const seen = orderTakes(writes).flatMap(
        ({ source, lines }) => unread.get(source)?.splice(0, lines === 'rest' ? Infinity : lines) ?? [],
      );
      expect(seen).toEqual(writes.map((_, line) => line));
    }),
  );
});
