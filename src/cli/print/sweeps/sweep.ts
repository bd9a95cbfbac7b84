import type { SweepDocument, SweepSummary } from '../../../api/sweep-contract.ts';
import { cutToColumns } from '../../../base/text/columns.ts';
import { counted } from '../../../base/text/plural.ts';
import { isTerminal, type Status } from '../../../experiment/status.ts';
import { pointText, varyingNames } from '../../../sweep/point.ts';
import type { Results } from '../../../sweep/results.ts';
import type { Screen } from '../../runtime/screen.ts';
import { SHORT_ID } from '../experiments/list.ts';
import { statusText } from '../experiments/status.ts';
import { table, type Column } from '../table.ts';
import { printable } from '../text.ts';
import { agoText, durationText } from '../time.ts';
import { spreadText } from './results.ts';

const LIST: Column[] = [
  { title: 'SWEEP', width: 24 },
  { title: 'POINTS', width: 8, align: 'right' },
  { title: 'PROJECT', width: 16, drop: 2 },
  { title: 'AGE', width: 4, align: 'right', drop: 1 },
  { title: 'STATUS', width: 'rest', least: 20 },
];

/** What `sweeps list` shows. */
export function sweepsTable(sweeps: readonly SweepSummary[], now: Date, screen: Screen): string {
  if (sweeps.length === 0) return 'no sweeps';
  const rows = sweeps.map((sweep) => [
    sweep.sweep,
    sweep.repeat === 1 ? String(sweep.points) : `${sweep.points}×${sweep.repeat}`,
    printable(sweep.project),
    agoText(sweep.created_at, now),
    countsText(sweep, screen),
  ]);
  return table(LIST, rows, screen);
}

/** Parts of a bar, in the order in which they are drawn. */
const PARTS = [
  'Succeeded',
  'Failed',
  'Cancelled',
  'Running',
  'Submitting',
  'Building',
  'Cloning',
  'Waiting',
] as const;
const BAR = 40;
/** Failures that are shown; the rest is counted. */
const MOST_FAILURES = 5;

/** A sweep as it is told to people, and as it stands in JSON. */
export interface SweepView extends SweepDocument {
  /** Seconds until all have ended, at the pace so far; null: no telling. */
  left_s: number | null;
  /** The best point so far; null without a metric. */
  best: Results['rows'][number] | null;
}

/** What `sweeps get` shows: a bar, counts, time left, the best so far, what failed. */
export function sweepPage(
  sweep: SweepView,
  results: Results,
  { now, screen }: { now: Date; screen: Screen },
): string {
  const { colors } = screen;
  const shape =
    sweep.repeat === 1
      ? counted(sweep.points, 'point')
      : `${counted(sweep.points, 'point')} × ${sweep.repeat}`;
  const head = [shape, `project ${printable(sweep.project)}`, `${agoText(sweep.created_at, now)} old`];
  if (sweep.max_parallel !== null) head.push(`at most ${sweep.max_parallel} at the same time`);
  const lines = [
    `${colors.bold(sweep.sweep)} ${colors.dim(`· ${head.join(' · ')}`)}`,
    `${barOf(sweep, Math.min(BAR, Math.max(10, screen.width - 20)), screen)} ${progressText(sweep)}`,
    countsText(sweep, screen),
  ];
  if (sweep.left_s !== null) lines.push(`about ${durationText(Math.round(sweep.left_s))} left`);
  const { best } = sweep;
  if (best !== null && results.metric !== null) {
    const value = spreadText(best.metrics[results.metric] ?? null);
    lines.push(`best ${results.metric} ${colors.bold(value)} at ${printable(pointText(best.point))}`);
  }
  return [...lines, ...waits(sweep, screen), ...failures(sweep, screen)].join('\n');
}

/** What those that wait are waiting for, where nothing runs: the first one's words, as the others wait behind it. */
function waits({ experiments }: SweepDocument, { colors, width }: Screen): string[] {
  const living = experiments.filter(({ status }) => !isTerminal(status));
  const isWaiting = ({ status, explanation }: (typeof experiments)[number]) =>
    (status === 'Waiting' || status === 'Submitting') && explanation !== null;
  const first = living.find(isWaiting);
  if (first === undefined || living.some(({ status }) => status === 'Running')) return [];
  return [colors.dim(cutText(`waiting: ${printable(first.explanation ?? '')}`, width))];
}

function total({ points, repeat }: SweepSummary): number {
  return points * repeat;
}

function progressText(sweep: SweepSummary): string {
  const entries = Object.entries(sweep.counts) as [Status, number][];
  const ended = entries.filter(([status]) => isTerminal(status)).reduce((sum, [, count]) => sum + count, 0);
  return `${ended} of ${total(sweep)} ended`;
}

/** A cell for as much of the whole as each status has; what is there at all has one cell at least. */
function barOf(sweep: SweepSummary, width: number, { colors }: Screen): string {
  const all = Math.max(1, total(sweep));
  let left = width;
  const parts = PARTS.map((status) => {
    const count = sweep.counts[status] ?? 0;
    const cells = Math.min(left, count === 0 ? 0 : Math.max(1, Math.round((count / all) * width)));
    left -= cells;
    return drawn(status, cells, colors);
  });
  return parts.join('') + colors.dim('·'.repeat(left));
}

function drawn(status: (typeof PARTS)[number], cells: number, colors: Screen['colors']): string {
  if (status === 'Waiting') return colors.dim('░'.repeat(cells));
  if (status === 'Succeeded') return colors.green('█'.repeat(cells));
  if (status === 'Failed') return colors.red('█'.repeat(cells));
  if (status === 'Cancelled') return colors.yellow('█'.repeat(cells));
  return colors.blue('▒'.repeat(cells));
}

function countsText({ counts, missing }: SweepSummary, { colors }: Screen): string {
  const said = PARTS.flatMap((status) => {
    const count = counts[status] ?? 0;
    return count === 0
      ? []
      : [`${count} ${statusText(status, colors).replace(status, status.toLowerCase())}`];
  });
  if (missing > 0) said.push(`${missing} ${colors.yellow('missing')}`);
  return said.join(', ');
}

/** As much of a text as fits, with `…` where it goes on; nothing where a word would not fit. */
function cutText(text: string, columns: number): string {
  if (columns < 10 || text === '') return '';
  const start = cutToColumns(text, columns);
  return start === text ? text : `${cutToColumns(text, columns - 1)}…`;
}

function failures({ experiments, sweep }: SweepDocument, { colors, width }: Screen): string[] {
  const failed = experiments.filter(({ status }) => status === 'Failed');
  if (failed.length === 0) return [];
  const names = varyingNames(experiments.map(({ point }) => point));
  const lines = failed.slice(0, MOST_FAILURES).map(({ experiment_id: id, point, explanation }) => {
    const where = `  ${id.slice(0, SHORT_ID)}  ${printable(pointText(point, names))}`;
    const why = cutText(printable(explanation ?? ''), width - where.length - 2);
    return why === '' ? where : `${where}  ${colors.dim(why)}`;
  });
  const more = failed.length - lines.length;
  return [
    colors.red('failed'),
    ...lines,
    ...(more > 0 ? [colors.dim(`  and ${more} more`)] : []),
    colors.dim(`  aichor sweeps resume ${sweep} submits them again`),
  ];
}
