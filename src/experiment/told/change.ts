import type { ExperimentEvent } from '../event.ts';
import { eventMessage } from '../event-message.ts';
import type { ExperimentSummary, Metrics } from '../record.ts';
import type { ExperimentState } from '../state.ts';

/** What can happen to an experiment, as `aichor events` calls it: its facts, and what is done to its record beside them. */
export const CHANGE_KINDS = [
  'created',
  'step',
  'source',
  'planned',
  'notice',
  'image',
  'progress',
  'attempt',
  'suspended',
  'resumed',
  'pod',
  'link',
  'workdir',
  'cancel_requested',
  'failure',
  'ran',
  'ended',
  'metrics',
  'annotated',
  'deleted',
] as const satisfies readonly (ExperimentEvent['type'] | 'created' | 'metrics' | 'annotated' | 'deleted')[];
export type ChangeKind = (typeof CHANGE_KINDS)[number];

/** One change of one experiment, less its sequence: what was so after it, and what it was in particular. */
export interface ExperimentChange extends Pick<
  ExperimentSummary,
  'experiment_id' | 'status' | 'step' | 'reason' | 'operator' | 'engine' | 'project' | 'labels'
> {
  time: string;
  kind: ChangeKind;
  /** The status before it; null for a new experiment. */
  previous_status: ExperimentSummary['status'] | null;
  /** Name of its sweep. */
  sweep: string | null;
  /** For people. */
  message: string;
  /** What this kind of change tells beside that. */
  data: Readonly<Record<string, unknown>>;
}

/** What is the same in every change of an experiment. */
function known({ record }: ExperimentState) {
  const { experiment_id, status, step, reason, operator, engine, project, labels, sweep } = record;
  return {
    experiment_id,
    status,
    step,
    reason,
    operator,
    engine,
    project,
    sweep: sweep?.name ?? null,
    labels,
  };
}

/** A new experiment, as it is before anything has happened to it. */
export function createdChange(state: ExperimentState): ExperimentChange {
  const { message, created_at, resubmit_of, manifest_path, source, resources } = state.record;
  const data = { message, manifest_path, source, resubmit_of, resources };
  const told = message === '' ? 'accepted' : `accepted: ${message}`;
  return { time: created_at, kind: 'created', ...known(state), previous_status: null, message: told, data };
}

/** What one more fact changed. */
export function factChange(
  before: ExperimentState,
  after: ExperimentState,
  event: ExperimentEvent,
): ExperimentChange {
  return {
    time: event.time,
    kind: event.type,
    ...known(after),
    previous_status: before.record.status,
    message: eventMessage(event),
    data: dataOf(event),
  };
}

/** Labels and the note, as they are now. */
export function annotatedChange(state: ExperimentState, time: string): ExperimentChange {
  const { labels, note, status } = state.record;
  const message = 'labels or the note were changed';
  const data = { labels, note };
  return { time, kind: 'annotated', ...known(state), previous_status: status, message, data };
}

export function deletedChange(state: ExperimentState, time: string): ExperimentChange {
  const { status } = state.record;
  const message = 'its record was deleted';
  return { time, kind: 'deleted', ...known(state), previous_status: status, message, data: {} };
}

/** Metrics that a line names by their values; of the others it says how many there are. */
const MOST_METRICS = 20;

/** Which metrics have another last value than before; null: none has. */
export function metricsChange(
  before: Metrics,
  after: ExperimentState,
  time: string,
): ExperimentChange | null {
  const { metrics, progress, status } = after.record;
  const changed = Object.entries(metrics).filter(([name, metric]) => {
    const known = Object.hasOwn(before, name) ? before[name] : undefined;
    return known === undefined || known.last !== metric.last || known.step !== metric.step;
  });
  if (changed.length === 0) return null;
  const named = changed.slice(0, MOST_METRICS).map(([name, { last, step }]) => [name, { last, step }]);
  const more = changed.length - named.length;
  const data = { metrics: Object.fromEntries(named), more, progress };
  const names = named.map(([name]) => String(name)).join(', ');
  const message = `metrics: ${names}${more > 0 ? ` and ${more} more` : ''}`;
  return { time, kind: 'metrics', ...known(after), previous_status: status, message, data };
}

/** The fields of a fact; of a plan, which may have thousands of pods, their number. */
function dataOf(event: ExperimentEvent): ExperimentChange['data'] {
  const { time: _time, type: _type, ...fields } = event;
  return 'pods' in fields ? { ...fields, pods: fields.pods.length } : fields;
}
