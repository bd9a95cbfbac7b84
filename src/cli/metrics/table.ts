import type { Metrics } from '../../experiment/record.ts';
import { valueText } from '../../metrics/value-text.ts';
import { table, type Column } from '../print/table.ts';
import { printable } from '../print/text.ts';
import { timeText } from '../print/time.ts';
import type { Screen } from '../runtime/screen.ts';

const LONGEST_NAME = 40;

const COLUMNS: readonly Column[] = [
  { title: 'METRIC', width: LONGEST_NAME },
  { title: 'LAST', width: 12, align: 'right' },
  { title: 'STEP', width: 10, align: 'right', drop: 1 },
  { title: 'MIN', width: 12, align: 'right', drop: 2 },
  { title: 'MAX', width: 12, align: 'right', drop: 3 },
  { title: 'TIME', width: 'rest', drop: 4 },
];

/** Metrics as a table, a line each, in the order of their names. */
export function metricsTable(metrics: Metrics, screen: Screen): string {
  const entries = Object.entries(metrics).sort(([a], [b]) => (a < b ? -1 : 1));
  const longest = Math.max(...entries.map(([name]) => name.length), 'METRIC'.length);
  const columns = COLUMNS.map((column, index) =>
    index === 0 ? { ...column, width: Math.min(LONGEST_NAME, longest) } : column,
  );
  return table(
    columns,
    entries.map(([name, { last, step, min, max, time }]) => [
      printable(name),
      valueText(last),
      step === null ? '-' : String(step),
      valueText(min),
      valueText(max),
      time === null ? '-' : timeText(time, screen),
    ]),
    screen,
  );
}
