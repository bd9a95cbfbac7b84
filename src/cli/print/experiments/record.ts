import { counted } from '../../../base/text/plural.ts';
import { pointText } from '../../../sweep/point.ts';
import type { ExperimentRecord } from '../../../experiment/record.ts';
import type { Usage } from '../../../api/contract.ts';
import type { LogLine } from '../../../logs/line.ts';
import type { Screen } from '../../runtime/screen.ts';
import { metricsTable } from '../../metrics/table.ts';
import { printable, hanging } from '../text.ts';
import { createLogLineView } from './log-line.ts';
import { between, podsTable } from './pods.ts';
import { statusText } from './status.ts';
import { durationText, timeText } from '../time.ts';

/** What is known of an experiment that runs beside its record. */
interface Present {
  now?: Date;
  usage?: Usage['pods'];
  lastLines?: readonly LogLine[];
}

/** What `experiments get` shows on a terminal: the facts, the pods, what happened when. */
export function recordPage(
  record: ExperimentRecord,
  screen: Screen,
  { now = new Date(), usage = [], lastLines = [] }: Present = {},
): string {
  const sections = [
    headline(record, screen),
    facts(record, screen),
    podsTable(record.pods, usage, { screen, now }),
    Object.keys(record.metrics).length === 0 ? '' : metricsTable(record.metrics, screen),
    timeline(record, screen),
    logTail(record, lastLines, screen),
  ];
  return sections.filter((section) => section !== '').join('\n\n');
}

function headline(
  { experiment_id: id, status, message, explanation, reason }: ExperimentRecord,
  { colors, width }: Screen,
): string {
  const lines = [
    `${colors.bold(id)}  ${statusText(status, colors)}${reason === null ? '' : colors.dim(` (${reason})`)}`,
  ];
  if (message !== '') lines.push(hanging(printable(message), 0, width));
  if (explanation !== null) lines.push(colors.yellow(hanging(printable(explanation), 0, width)));
  return lines.join('\n');
}

function facts(record: ExperimentRecord, screen: Screen): string {
  const { colors, width } = screen;
  const when = (time: string | null) => (time === null ? null : timeText(time, screen));
  const { resources, links, paths } = record;
  const rows: [string, string | null][] = [
    ['operator', record.operator],
    ['engine', record.engine],
    ['project', record.project],
    ['source', sourceText(record.source)],
    ['manifest', record.manifest_path],
    ['image', record.image],
    ['resubmit of', record.resubmit_of],
    ['sweep', sweepText(record.sweep)],
    ['submitted by', record.submitted_by],
    ['author', record.source.author ?? null],
    ['commit page', record.source.url ?? null],
    ['note', record.note],
    ['labels', pairs(record.labels)],
    ['env', pairs(record.env)],
    ['secrets', record.secrets.join(', ') || null],
    [
      'asks for',
      [
        counted(resources.pods, 'pod'),
        counted(resources.cpus, 'CPU'),
        `${resources.memory_gb} GB`,
        counted(resources.gpus, 'GPU'),
      ].join(', '),
    ],
    ['attempt', record.attempt > 1 ? String(record.attempt) : null],
    ['created', when(record.created_at)],
    ['started', when(record.started_at)],
    ['ended', when(record.ended_at)],
    ['progress', progressText(record.progress)],
    ['duration', record.duration_s === null ? null : durationText(record.duration_s)],
    ['output', paths.output],
    ['tensorboard', links.tensorboard ?? paths.tensorboard],
    ['dashboard', links.ray_dashboard],
    ['jupyter', links.jupyter],
    ['vscode', links.vscode],
    ['working copies', paths.workdir],
    ...record.notices.map(({ message }): [string, string] => ['notice', message]),
  ];
  const shown = rows.filter((row): row is [string, string] => row[1] !== null);
  return shown
    .map(
      ([name, value]) =>
        `${colors.dim(name.padEnd(NAME_WIDTH))} ${hanging(printable(value), NAME_WIDTH + 1, width)}`,
    )
    .join('\n');
}

function progressText(progress: ExperimentRecord['progress']): string | null {
  if (progress === null) return null;
  const { step, total_steps: total } = progress;
  return `step ${step} of ${total} (${Math.floor((100 * step) / total)} %)`;
}

const NAME_WIDTH = 14;
const TIME_WIDTH = 8;

/** `first, point 3: LR=0.1 HIDDEN=8, repeat 2`. */
function sweepText(sweep: ExperimentRecord['sweep']): string | null {
  if (sweep === null) return null;
  const { name, point, index, repeat } = sweep;
  return `${name}, point ${index}: ${printable(pointText(point))}${repeat === 1 ? '' : `, repeat ${repeat}`}`;
}

function sourceText({
  kind,
  snapshot,
  repository,
  commit_sha: commit,
  branch,
  dirty,
}: ExperimentRecord['source']): string {
  const place = [commit?.slice(0, 12), branch && `(${branch})`, dirty && 'with changes']
    .filter(Boolean)
    .join(' ');
  if (kind === 'local') {
    const what = `local directory, ${(snapshot ?? 'no snapshot').slice(0, 'sha256:'.length + 12)}`;
    return place === '' ? what : `${what}, at ${place}`;
  }
  return [repository, commit?.slice(0, 12), branch && `(${branch})`].filter(Boolean).join(' ');
}

function pairs(values: Record<string, string>): string | null {
  return (
    Object.entries(values)
      .map(([name, value]) => `${name}=${value}`)
      .join(' ') || null
  );
}

/** What it printed last, as its log is drawn. */
function logTail({ pods }: ExperimentRecord, lines: readonly LogLine[], screen: Screen): string {
  const { draw } = createLogLineView(screen, { pods: pods.map(({ pod }) => pod), timestamps: false });
  return lines.map((line) => draw(line)).join('\n');
}

/** Times count from the creation: what took how long is what one looks for. */
function timeline({ events, created_at: created }: ExperimentRecord, { colors, width }: Screen): string {
  return events
    .map(
      ({ time, message }) =>
        `${colors.dim(`+${durationText(between(created, time))}`.padStart(TIME_WIDTH))}  ${hanging(printable(message), TIME_WIDTH + 2, width)}`,
    )
    .join('\n');
}
