import type { ExperimentSummary } from '../../../experiment/record.ts';
import type { Screen } from '../../runtime/screen.ts';
import { table } from '../table.ts';
import { listColumns } from './columns.ts';

export { SHORT_ID } from './columns.ts';

/** What `experiments list` and `wait` show on a terminal, a line each; `columns` as `--columns` names them. */
export function experimentsTable(
  experiments: readonly ExperimentSummary[],
  now: Date,
  screen: Screen,
  columns?: string,
): string {
  if (experiments.length === 0) return 'no experiments';
  const chosen = listColumns(columns);
  const drawing = { now, screen };
  const all = chosen.map(({ column }) => column);
  // Exactly one column takes what is left.
  const filled = all.some(({ width }) => width === 'rest')
    ? all
    : [...all, { title: '', width: 'rest' as const }];
  const rows = experiments.map((experiment) => chosen.map(({ draw }) => draw(experiment, drawing)));
  return table(filled, filled === all ? rows : rows.map((row) => [...row, '']), screen);
}
