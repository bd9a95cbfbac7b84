import type { ExperimentEvent } from '../../experiment/event.ts';
import type { ExperimentSummary } from '../../experiment/record.ts';
import { applyEvent, initialState, LATER_FIELDS, type ExperimentState } from '../../experiment/state.ts';
import { STATUSES, type Status } from '../../experiment/status.ts';
import { OPERATOR_NAMES } from '../../operators/table.ts';
import { storedSummary } from '../../experiment/summary.ts';

/** A row of our own, as `columnsOf` wrote it; a disk may have changed it since. */
export interface ExperimentRow {
  number: number;
  id: string;
  updated_at: string;
  status: string;
  live: number;
  operator: string | null;
  message: string;
  snapshot: string | null;
  created_at: string;
  ended_at: string | null;
  summary: string;
  pods: string;
  fold: string;
}

/** The columns of an `ExperimentRow`, for a SELECT. */
export const ROW_COLUMNS =
  'number, id, updated_at, status, live, operator, message, snapshot, created_at, ended_at, summary, pods, fold';

/** A state as columns. The summary stands apart so that a list need not read every pod. */
export function columnsOf(state: ExperimentState) {
  const { record, ...fold } = state;
  const pods = JSON.stringify(record.pods);
  if (state.ended) forgetPods(record.experiment_id);
  else rememberPods(record.experiment_id, { text: pods, pods: record.pods });
  return {
    status: record.status,
    live: state.ended ? 0 : 1,
    // One that ended while it waited has left nothing anywhere.
    tidied: state.ended && record.step === 'wait' ? 1 : 0,
    operator: record.operator,
    message: record.message,
    snapshot: record.source.snapshot,
    sweep: record.sweep?.name ?? null,
    created_at: record.created_at,
    ended_at: record.ended_at,
    summary: JSON.stringify(storedSummary(state)),
    pods,
    fold: JSON.stringify(fold),
  };
}

/** @param events read when part of the row is damaged: the state is put together from them */
export function stateOfRow(row: ExperimentRow, events: () => readonly ExperimentEvent[]): ExperimentState {
  const summary = soundSummary(row);
  const pods = knownPods(row) ?? podsIn(row.pods);
  const fold = foldIn(row.fold);
  if (pods !== null && row.live !== 0) rememberPods(row.id, { text: row.pods, pods });
  if (summary === null || pods === null || fold === null) return rebuilt(row, events());
  return { ...fold, record: { ...summary, pods } };
}

export function summaryOfRow(
  row: ExperimentRow,
  events: () => readonly ExperimentEvent[],
): ExperimentSummary {
  return soundSummary(row) ?? storedSummary(rebuilt(row, events()));
}

/** Whether all of a row can be read. */
export function isSoundRow(row: ExperimentRow): boolean {
  return soundSummary(row) !== null && podsIn(row.pods) !== null && foldIn(row.fold) !== null;
}

/** JSON of a column; null for what is none. */
export function parsedColumn<T>(column: string | null | undefined): T | null {
  if (typeof column !== 'string') return null;
  try {
    return JSON.parse(column);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** Notice of a record too much of which is lost to go on with it; `record_mended`: all of it was found again. */
export const RECORD_DAMAGED = 'record_damaged';

/** What the sound columns and the events tell of an experiment whose row is damaged. */
function rebuilt(row: ExperimentRow, events: readonly ExperimentEvent[]): ExperimentState {
  const known = soundSummary(row);
  const { id, snapshot, message, created_at } = row;
  const paths = { input: '', output: '', tensorboard: null, workdir: null };
  const source = { kind: 'local', snapshot, repository: null, commit_sha: null, branch: null } as const;
  const start = initialState({
    experiment_id: id,
    engine: known?.engine ?? 'local',
    operator: known?.operator ?? OPERATOR_NAMES.find((name) => name === row.operator) ?? null,
    project: known?.project ?? 'default',
    message,
    labels: known?.labels ?? {},
    source: known?.source ?? source,
    manifest_path: known?.manifest_path ?? '',
    resubmit_of: known?.resubmit_of ?? null,
    sweep: known?.sweep ?? null,
    submitted_by: known?.submitted_by ?? null,
    env: known?.env ?? {},
    secrets: known?.secrets ?? [],
    created_at,
    paths: known?.paths ?? paths,
  });
  const state = events.reduce(applyEvent, start);
  const notices = [...state.record.notices, known === null ? DAMAGED : MENDED];
  // No event tells of these.
  const { note, metrics, progress } = known ?? state.record;
  const record = { ...state.record, notices, note, metrics, progress };
  return asColumnsSay(row, { ...state, record });
}

const MENDED = {
  code: 'record_mended',
  message: 'part of what was stored of it was damaged, and was put together again from its events',
};
const DAMAGED = {
  code: RECORD_DAMAGED,
  message:
    'what was stored of it was damaged: its events tell how it went, but where its outputs are, its variables and labels are lost',
};

/** Should an event be lost as well, whether it has ended and how still stands in columns of its own. */
function asColumnsSay(row: ExperimentRow, state: ExperimentState): ExperimentState {
  const status = STATUSES.find((one): one is Status => one === row.status);
  if (state.ended || row.live !== 0 || status === undefined) return state;
  return { ...state, ended: true, record: { ...state.record, status, ended_at: row.ended_at } };
}

export function soundSummary(row: ExperimentRow): ExperimentSummary | null {
  const summary = parsedColumn<Omit<ExperimentSummary, keyof typeof LATER_FIELDS>>(row.summary);
  if (typeof summary !== 'object' || summary?.experiment_id !== row.id) return null;
  return { ...LATER_FIELDS, ...summary };
}

type Pods = ExperimentState['record']['pods'];

interface KnownPods {
  text: string;
  pods: Pods;
}

/**
 * The pods of live experiments that have very many, by id, with the text that they stand in: they are asked for with each batch of facts,
 * and to read the text takes longer than everything else that is done then. Another text is other pods, whoever wrote it. Those that
 * were asked for last come last.
 */
const longPods = new Map<string, KnownPods>();
/** Of some hundred pods. */
const LONG = 100_000;
/** Characters of all texts: thousands of experiments may wait for their turn, and some may never have come into the database. */
const MOST_KEPT = 20_000_000;
let kept = 0;

function rememberPods(id: string, known: KnownPods): void {
  forgetPods(id);
  if (known.text.length < LONG) return;
  longPods.set(id, known);
  kept += known.text.length;
  for (const other of longPods.keys()) {
    if (kept <= MOST_KEPT || other === id) break;
    forgetPods(other);
  }
}

function forgetPods(id: string): void {
  kept -= longPods.get(id)?.text.length ?? 0;
  longPods.delete(id);
}

function knownPods({ id, pods: text }: ExperimentRow): Pods | null {
  const known = longPods.get(id);
  return known?.text === text ? known.pods : null;
}

function podsIn(column: string): Pods | null {
  const pods = parsedColumn<Pods>(column);
  // Records of earlier versions have no `usage`.
  if (!Array.isArray(pods)) return null;
  return pods.map((pod) =>
    pod.usage === undefined || pod.node === undefined
      ? { ...pod, node: pod.node ?? null, usage: pod.usage ?? null }
      : pod,
  );
}

/** Whether JSON of pods is what `columnsOf` would write of them today. */
export function isPresentPods(column: string): boolean {
  const pods = parsedColumn<Pods>(column);
  return Array.isArray(pods) && pods.every(({ usage, node }) => usage !== undefined && node !== undefined);
}

export function foldIn(column: string): Omit<ExperimentState, 'record'> | null {
  const fold = parsedColumn<Omit<ExperimentState, 'record'>>(column);
  return typeof fold === 'object' && typeof fold?.ended === 'boolean' ? fold : null;
}
