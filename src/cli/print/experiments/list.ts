import type { ExperimentSummary } from '../../../experiment/record.ts';
import type { Screen } from '../../runtime/screen.ts';
import { printable } from '../text.ts';
import { statusText } from './status.ts';
import { table, type Column } from '../table.ts';
import { agoText, durationText } from '../time.ts';

/** Enough of an id to be unique for a person, and at least what commands take. */
export const SHORT_ID = 8;

const COLUMNS: readonly Column[] = [
  { title: 'ID', width: SHORT_ID },
  { title: 'STATUS', width: 10 },
  { title: 'OPERATOR', width: 8, drop: 4 },
  { title: 'PODS', width: 4, align: 'right', drop: 3 },
  { title: 'AGE', width: 4, align: 'right', drop: 1 },
  { title: 'TIME', width: 7, align: 'right', drop: 2 },
  { title: 'MESSAGE', width: 'rest', least: 12 },
];

/** What `experiments list`, `cancel`, `wait` show on a terminal: newest first, a line each. */
export function experimentsTable(
  experiments: readonly ExperimentSummary[],
  now: Date,
  screen: Screen,
): string {
  if (experiments.length === 0) return 'no experiments';
  return table(
    COLUMNS,
    experiments.map((experiment) => row(experiment, now, screen)),
    screen,
  );
}

function row(experiment: ExperimentSummary, now: Date, { colors }: Screen): string[] {
  return [
    experiment.experiment_id.slice(0, SHORT_ID),
    statusText(experiment.status, colors),
    experiment.operator ?? '-',
    String(experiment.resources.pods),
    agoText(experiment.created_at, now),
    durationText(experiment.duration_s),
    remark(experiment, colors.dim),
  ];
}

/** The message, then why it is where it is. */
function remark({ message, explanation }: ExperimentSummary, dim: (text: string) => string): string {
  const said = printable(message);
  if (explanation === null) return said;
  return said === '' ? dim(printable(explanation)) : `${said} ${dim(`· ${printable(explanation)}`)}`;
}
