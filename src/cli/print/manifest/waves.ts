import { jobLanes, type JobLanes, type WavePod } from '../../../render/local/waves.ts';

/** Rows of one type above which the middle ones are left out. */
const MOST_ROWS = 12;
const FIRST_ROWS = 3;
const WIDEST_BAR = 60;
const NARROWEST_BAR = 24;
/** `[n]` with a line on both sides. */
const NARROWEST_BOX = 7;
const GAP = ' … ';

interface Row {
  label: string;
  /** The job it belongs to; `label` is empty below a job's first row. */
  job: string;
  pods: WavePod[];
}

/**
 * A time diagram: one row for each pod slot of each job, its pods one after the other from left to right.
 *
 * ```
 * time     ──────────────────────────────►
 * master   [─────────────────────────────] master-0-0
 * worker 0 [──── 0 ─────] [──── 1 ─────]   worker-0-0, worker-0-1
 * ```
 */
export function waveDiagram(pods: readonly WavePod[], width: number): string {
  const rows = rowsOf(jobLanes(pods));
  const labelWidth = Math.max(4, ...rows.map(({ label }) => label.length));
  const namesWidth = Math.max(...rows.map((row) => names(row.pods).length));
  const barWidth = Math.min(WIDEST_BAR, Math.max(NARROWEST_BAR, width - labelWidth - namesWidth - 2));
  const draw = ({ label, pods: lane }: Row) =>
    lane.length === 0
      ? label
      : `${label.padEnd(labelWidth)} ${bar(lane, barWidth).padEnd(barWidth)} ${names(lane)}`;
  const axis = `${'time'.padEnd(labelWidth)} ${'─'.repeat(barWidth - 1)}►`;
  return [axis, ...rows.map(draw)].join('\n');
}

function rowsOf(jobs: readonly JobLanes[]): Row[] {
  const byType = new Map<string, JobLanes[]>();
  for (const job of jobs) byType.set(job.type, [...(byType.get(job.type) ?? []), job]);
  return [...byType].flatMap(([type, ofType]) => {
    const rows = ofType.flatMap(({ job_index, lanes }) => {
      const job = ofType.length === 1 ? type : `${type} ${job_index}`;
      return lanes.map((pods, lane) => ({ label: lane > 0 ? '' : job, job, pods }));
    });
    return shortened(rows);
  });
}

function shortened(rows: Row[]): Row[] {
  const last = rows.at(-1);
  if (rows.length <= MOST_ROWS || last === undefined) return rows;
  const more = { label: `… ${rows.length - FIRST_ROWS - 1} more`, job: '', pods: [] };
  return [...rows.slice(0, FIRST_ROWS), more, { ...last, label: last.job }];
}

function names(pods: readonly WavePod[]): string {
  const [first] = pods;
  const last = pods.at(-1);
  if (first === undefined || last === undefined) return '';
  if (pods.length === 1) return first.pod;
  return `${first.pod}${pods.length === 2 ? ', ' : GAP}${last.pod}`;
}

/** As many boxes as fit, the last one always. */
function bar(pods: readonly WavePod[], width: number): string {
  const boxes = Math.min(
    pods.length,
    Math.max(2, Math.floor((width - GAP.length + 1) / (NARROWEST_BOX + 1))),
  );
  const isShortened = boxes < pods.length;
  const room = width - (boxes - 1) - (isShortened ? GAP.length - 1 : 0);
  const shown = isShortened ? [...pods.slice(0, boxes - 1), ...pods.slice(-1)] : pods;
  const drawn = shown.map((pod, index) => {
    const size = Math.floor((room * (index + 1)) / boxes) - Math.floor((room * index) / boxes);
    return box(pods.length === 1 ? '' : ` ${pod.pod_index} `, size);
  });
  const last = drawn.pop() ?? '';
  return [...drawn, ...(isShortened ? [GAP.trim()] : []), last].join(' ');
}

function box(label: string, width: number): string {
  const line = Math.max(0, width - 2 - label.length);
  const left = Math.floor(line / 2);
  return `[${'─'.repeat(left)}${label}${'─'.repeat(line - left)}]`;
}
