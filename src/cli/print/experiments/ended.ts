import { formatBytes } from '../../../base/text/bytes.ts';
import { counted } from '../../../base/text/plural.ts';
import type { ExperimentRecord, ExperimentSummary } from '../../../experiment/record.ts';
import { isTerminal } from '../../../experiment/status.ts';
import type { LogLine } from '../../../logs/line.ts';
import type { Screen } from '../../runtime/screen.ts';
import { hanging, printable } from '../text.ts';
import { durationText } from '../time.ts';
import { experimentsTable, SHORT_ID } from './list.ts';
import { createLogLineView } from './log-line.ts';
import { statusText } from './status.ts';

/** What `submit` and `resubmit` say of a new experiment: what it is, and how to go on. */
export function submittedView(
  experiment: Pick<ExperimentSummary, 'experiment_id' | 'status' | 'operator' | 'engine' | 'message'>,
  upload: { files: number; bytes: number; sent_bytes: number } | null,
  { colors }: Screen,
): string {
  const { experiment_id: id, operator, engine, message } = experiment;
  const short = id.slice(0, SHORT_ID);
  const sent = upload === null ? null : `${counted(upload.files, 'file')}, ${sentText(upload)}`;
  const facts = [operator, engine === null ? null : `on ${engine}`].filter((fact) => fact !== null).join(' ');
  const said = [facts, sent, message === '' ? null : printable(message)].filter(Boolean).join(' · ');
  return [
    `${colors.green('✓')} submitted ${colors.bold(id)}  ${colors.dim(said)}`,
    colors.dim(`  aichor experiments logs -f ${short}   aichor experiments get ${short}`),
  ].join('\n');
}

function sentText({ bytes, sent_bytes: sent }: { bytes: number; sent_bytes: number }): string {
  return sent === 0 ? `${formatBytes(bytes)}, all there already` : `${formatBytes(sent)} sent`;
}

/** One line for an experiment that ended, and why, if it is not well: what `wait`, `--wait` and `--follow` end with. */
export function endedView(
  experiment: ExperimentSummary | ExperimentRecord,
  screen: Screen,
  lastLines: readonly LogLine[] = [],
): string {
  const { experiment_id: id, status, duration_s: duration, explanation, reason, paths } = experiment;
  const { colors } = screen;
  const short = id.slice(0, SHORT_ID);
  const mark = MARKS[status] ?? '·';
  const took = duration === null ? '' : ` ${isTerminal(status) ? 'in' : 'for'} ${durationText(duration)}`;
  const head = `${mark} ${statusText(status, colors)}${took}`;
  const next = `aichor experiments get ${short}`;
  if (status === 'Succeeded') return `${head}   outputs: ${paths.output}   ${next}`;
  const why = explanation ?? reason;
  const lines = [why === null ? `${head}   ${next}` : `${head}: ${hanging(printable(why), 2, screen.width)}`];
  if (lastLines.length > 0) {
    const pods = [...new Set(lastLines.flatMap(({ pod }) => pod ?? []))];
    const { draw } = createLogLineView(screen, { pods, timestamps: false });
    lines.push(...lastLines.map((line) => draw(line)));
  }
  if (why !== null) lines.push(colors.dim(`  ${next}   aichor experiments logs ${short}`));
  return lines.join('\n');
}

const MARKS: Partial<Record<ExperimentSummary['status'], string>> = {
  Succeeded: '✓',
  Failed: '✗',
  Cancelled: '✗',
};

/** What `wait` shows: one experiment in a line, several in a table with how many ended how. */
export function waitedView(experiments: readonly ExperimentSummary[], now: Date, screen: Screen): string {
  const [only] = experiments;
  if (experiments.length === 1 && only !== undefined) return endedView(only, screen);
  return `${experimentsTable(experiments, now, screen)}\n${statusCounts(experiments)}`;
}

/** `8 succeeded, 1 failed, 21 waiting`: in the order in which statuses first appear. */
export function statusCounts(experiments: readonly Pick<ExperimentSummary, 'status'>[]): string {
  const counts = new Map<string, number>();
  for (const { status } of experiments) counts.set(status, (counts.get(status) ?? 0) + 1);
  return [...counts].map(([status, count]) => `${count} ${status.toLowerCase()}`).join(', ');
}

/** What `cancel`, `delete` and `prune` end with; `done` is what was done: `cancelled`. */
export function doneView(
  experiments: readonly ExperimentSummary[],
  done: string,
  { colors }: Screen,
): string {
  const [only] = experiments;
  if (only === undefined) return `nothing ${done}: there is none`;
  if (experiments.length > 1) return `${colors.green('✓')} ${experiments.length} ${done}`;
  const message = only.message === '' ? '' : `  ${colors.dim(printable(only.message))}`;
  const why = isTerminal(only.status) ? null : only.explanation;
  const still = why === null ? '' : `  ${colors.dim(printable(why))}`;
  return `${colors.green('✓')} ${done} ${only.experiment_id.slice(0, SHORT_ID)}${message}${still}`;
}
