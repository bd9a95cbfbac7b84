import picocolors from 'picocolors';
import { expect, test } from 'vitest';
import { table, type Column } from '../../../../src/cli/print/table.ts';

const COLUMNS: Column[] = [
  { title: 'NAME', width: 12 },
  { title: 'N', width: 6, align: 'right' },
  { title: 'STATUS', width: 'rest', least: 8 },
];
const drawn = (width: number, rows: string[][]) =>
  table(COLUMNS, rows, { width, colors: picocolors.createColors(false) }).split('\n');

test('what is too long for the last column takes the room that others do not use, and no more', () => {
  // 12 + 2 and 6 + 2 leave 18 of 40; of the first two, 4 and 1 are used.
  const short = [['a', '3', 'runs']];
  expect(drawn(40, short)[1]).toBe('a                  3  runs');
  const long = [['name', '3', '2 running, 2 waiting, 1 new']];
  expect(drawn(40, long)[1]).toBe('name  3  2 running, 2 waiting, 1 new');
  const longer = [['longer-name', '3', '2 running, 2 waiting, 1 new']];
  const line = drawn(40, longer)[1] ?? '';
  expect(line).toMatch(/^longer-name {2}3 {2}2 running, 2 wait.*…$/);
  expect(line.length).toBeLessThanOrEqual(40);
  // Wide characters count as they are drawn.
  expect(drawn(40, [['日本', '3', '2 running, 2 waiting, 1 new']])[1]).toBe(
    '日本  3  2 running, 2 waiting, 1 new',
  );
});

test('rows come whole and in order, of one width, however many there are', () => {
  const rows = Array.from({ length: 450 }, (_, at) => [
    `row-${at}`,
    String(at),
    at === 449 ? 'the longest of them all, cut' : 'x',
  ]);
  const [title, ...lines] = drawn(30, rows);
  expect(title).toMatch(/^NAME +N +STATUS$/);
  expect(lines.map((line) => line.split(/ +/)[0])).toEqual(rows.map(([name]) => name));
  expect(new Set(lines.map((line) => line.indexOf('  x')).filter((at) => at !== -1)).size).toBe(1);
  expect(drawn(30, [])).toHaveLength(1);
});
