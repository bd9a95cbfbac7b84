import { deriveStatus } from './derive-status.ts';
import type { ExperimentEvent, PodFact } from './event.ts';
import type { ExperimentRecord, Notice, PodRecord } from './record.ts';
import { isPodTerminal, STEPS, type PodStatus, type Reason, type Step } from './status.ts';

/** What the store keeps of an experiment beside its events: they fold to it. */
export interface ExperimentState {
  record: Omit<ExperimentRecord, 'events'>;
  backoff_limit: number;
  cancel_requested: boolean;
  progress: string | null;
  failure: { reason: Reason; explanation: string } | null;
  ended: boolean;
  /** The cluster has stopped it to let it go on later. Absent: never. */
  suspended?: boolean;
  /** How often it did. */
  suspensions?: number;
}

export type NewExperiment = Pick<
  ExperimentRecord,
  | 'experiment_id'
  | 'engine'
  | 'operator'
  | 'project'
  | 'message'
  | 'labels'
  | 'source'
  | 'manifest_path'
  | 'resubmit_of'
  | 'env'
  | 'secrets'
  | 'created_at'
  | 'paths'
> &
  Partial<Pick<ExperimentRecord, 'sweep' | 'submitted_by'>>;

/** Fields that records of earlier versions do not have, with what they had been. */
export const LATER_FIELDS = {
  image: null,
  note: null,
  sweep: null,
  submitted_by: null,
  metrics: {},
  progress: null,
} satisfies Partial<ExperimentRecord>;

/** The state of an experiment of which nothing is known but that it was accepted. */
export function initialState(experiment: NewExperiment): ExperimentState {
  const { experiment_id, ...known } = experiment;
  return {
    record: {
      experiment_id,
      status: 'Waiting',
      step: 'wait',
      reason: null,
      explanation: null,
      ...known,
      ...LATER_FIELDS,
      sweep: known.sweep ?? null,
      submitted_by: known.submitted_by ?? null,
      attempt: 1,
      started_at: null,
      ended_at: null,
      duration_s: null,
      resources: { pods: 0, cpus: 0, memory_gb: 0, gpus: 0 },
      notices: [],
      pods: [],
      links: { tensorboard: null, ray_dashboard: null, jupyter: null, vscode: null },
    },
    backoff_limit: 0,
    cancel_requested: false,
    progress: null,
    failure: null,
    ended: false,
  };
}

/** One more fact. Pure: the given state is not changed. Facts after the end change nothing. */
export function applyEvent(state: ExperimentState, event: ExperimentEvent): ExperimentState {
  if (state.ended) return state;
  const next = applyFact(state, event);
  return { ...next, record: { ...next.record, ...deriveStatus(next) } };
}

/** With labels set and removed (null), and another note (undefined: as it is). Ends do not matter: it says nothing of what happened. */
export function annotated(
  state: ExperimentState,
  { labels, note }: { labels: Readonly<Record<string, string | null>>; note: string | null | undefined },
): ExperimentState {
  const { record } = state;
  const all = Object.entries({ ...record.labels, ...labels });
  const kept = all.filter((entry): entry is [string, string] => entry[1] !== null);
  const said = note === undefined ? record.note : note;
  return { ...state, record: { ...record, labels: Object.fromEntries(kept), note: said } };
}

/** With one more notice; ends do not matter. */
export function remarked(state: ExperimentState, notice: Notice): ExperimentState {
  const { record } = state;
  return { ...state, record: { ...record, notices: withNotice(record.notices, notice) } };
}

function applyFact(state: ExperimentState, event: ExperimentEvent): ExperimentState {
  const { record } = state;
  switch (event.type) {
    case 'step':
      return withStep(state, event.step);
    case 'source':
      return { ...state, record: { ...record, source: event.source } };
    case 'planned':
      return {
        ...state,
        backoff_limit: event.backoff_limit,
        record: { ...record, operator: event.operator, resources: event.resources, pods: event.pods },
      };
    case 'image':
      return { ...state, record: { ...record, image: event.image } };
    case 'notice':
      return { ...state, record: { ...record, notices: withNotice(record.notices, event) } };
    case 'progress':
      return { ...state, progress: event.message };
    case 'attempt':
      return { ...state, record: withAttempt(record, event.attempt) };
    case 'suspended':
      return { ...state, suspended: true, suspensions: (state.suspensions ?? 0) + 1 };
    case 'resumed':
      return { ...state, suspended: false };
    case 'pod':
      return { ...state, record: withPod(record, event) };
    case 'link':
      return { ...state, record: { ...record, links: { ...record.links, [event.name]: event.url } } };
    case 'workdir':
      return { ...state, record: { ...record, paths: { ...record.paths, workdir: event.path } } };
    case 'cancel_requested':
      return { ...state, cancel_requested: true };
    case 'failure':
      return state.failure
        ? state
        : { ...state, failure: { reason: event.reason, explanation: event.explanation } };
    case 'ran':
      return { ...state, record: { ...record, duration_s: record.duration_s ?? event.seconds } };
    case 'ended':
      return { ...state, ended: true, progress: null, record: withEnd(record, event.time) };
  }
}

function withNotice(
  notices: ExperimentRecord['notices'],
  { code, message }: { code: string; message: string },
) {
  const known = notices.some((notice) => notice.code === code && notice.message === message);
  return known ? notices : [...notices, { code, message }];
}

/** Steps only ever go on: one that is said again after a restart of the server changes nothing. */
function withStep(state: ExperimentState, step: Step): ExperimentState {
  if (STEPS.indexOf(step) < STEPS.indexOf(state.record.step)) return state;
  return { ...state, progress: null, record: { ...state.record, step } };
}

/** All pods are new, unless this attempt was known: an engine that was taken up again says it once more. */
function withAttempt(record: ExperimentState['record'], attempt: number): ExperimentState['record'] {
  if (attempt < record.attempt || record.pods.every((pod) => pod.attempt >= attempt)) return record;
  return { ...record, attempt, pods: record.pods.map((pod) => freshPod(pod, attempt)) };
}

function freshPod({ pod, type, job_index, pod_index, rank }: PodRecord, attempt: number): PodRecord {
  return {
    pod,
    type,
    job_index,
    pod_index,
    rank,
    status: 'Pending',
    reason: null,
    exit_code: null,
    attempt,
    started_at: null,
    ended_at: null,
    peak_memory_bytes: null,
    node: null,
    usage: null,
  };
}

/** An end that was seen stays: within one attempt a pod never goes back, nor from one end to another. */
function withPod(record: ExperimentState['record'], fact: PodFact): ExperimentState['record'] {
  const place = placesOf(record.pods).get(fact.pod);
  const known = place === undefined ? undefined : record.pods[place];
  if (place === undefined || known === undefined || fact.attempt !== record.attempt) return record;
  if (goesBack(known.status, fact.status)) return record;
  const { status, reason, exit_code, attempt, started_at, peak_memory_bytes } = fact;
  const ended_at = fact.ended_at === null ? null : notBefore(started_at, fact.ended_at);
  const node = fact.node ?? known.node;
  const seen = { status, reason, exit_code, attempt, started_at, ended_at, peak_memory_bytes, node };
  const pods = record.pods.with(place, { ...known, ...seen });
  places.set(pods, placesOf(record.pods));
  return { ...record, started_at: earlier(record.started_at, started_at), pods };
}

/** There may be thousands of pods, and as many facts: where each pod stands is the same before and after any of them. */
const places = new WeakMap<readonly PodRecord[], ReadonlyMap<string, number>>();

function placesOf(pods: readonly PodRecord[]): ReadonlyMap<string, number> {
  const known = places.get(pods) ?? new Map(pods.map(({ pod }, place) => [pod, place]));
  places.set(pods, known);
  return known;
}

/** A pod of the plan by its name; undefined: there is none. */
export function podNamed({ pods }: Pick<ExperimentRecord, 'pods'>, name: string): PodRecord | undefined {
  return pods[placesOf(pods).get(name) ?? -1];
}

function goesBack(from: PodStatus, to: PodStatus): boolean {
  if (isPodTerminal(from)) return to !== from;
  return from === 'Running' && to === 'Pending';
}

/** Clocks are set back: what ends has begun before. */
function notBefore(start: string | null, end: string): string {
  return start !== null && end < start ? start : end;
}

function earlier(a: string | null, b: string | null): string | null {
  if (a === null || b === null) return a ?? b;
  return a < b ? a : b;
}

/** Nothing runs any more, so no pod waits or runs either, whether its end was seen or not. */
function withEnd(record: ExperimentState['record'], time: string): ExperimentState['record'] {
  const { started_at: start, duration_s: ran } = record;
  const end = notBefore(start, time);
  return {
    ...record,
    ended_at: end,
    duration_s: start === null ? null : (ran ?? (Date.parse(end) - Date.parse(start)) / 1000),
    pods: record.pods.map((pod) =>
      isPodTerminal(pod.status) ? pod : { ...pod, status: 'Stopped', reason: 'StoppedWithExperiment' },
    ),
  };
}
