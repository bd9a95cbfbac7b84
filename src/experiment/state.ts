import { deriveStatus } from './derive-status.ts';
import type { ExperimentEvent, PodFact } from './event.ts';
import type { ExperimentRecord, PodRecord } from './record.ts';
import type { Reason } from './status.ts';

/** What the store keeps of an experiment beside its events: they fold to it. */
export interface ExperimentState {
  record: Omit<ExperimentRecord, 'events'>;
  backoff_limit: number;
  cancel_requested: boolean;
  progress: string | null;
  failure: { reason: Reason; explanation: string } | null;
  ended: boolean;
}

export type NewExperiment = Omit<
  ExperimentRecord,
  | 'status'
  | 'step'
  | 'reason'
  | 'explanation'
  | 'attempt'
  | 'started_at'
  | 'ended_at'
  | 'duration_s'
  | 'resources'
  | 'notices'
  | 'pods'
  | 'events'
  | 'links'
>;

/** The state of an experiment of which nothing is known but that it was accepted. */
export function initialState(experiment: NewExperiment): ExperimentState {
  return {
    record: {
      ...experiment,
      status: 'Waiting',
      step: 'wait',
      reason: null,
      explanation: null,
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

function applyFact(state: ExperimentState, event: ExperimentEvent): ExperimentState {
  const { record } = state;
  switch (event.type) {
    case 'step':
      return { ...state, progress: null, record: { ...record, step: event.step } };
    case 'source':
      return { ...state, record: { ...record, source: event.source } };
    case 'planned':
      return {
        ...state,
        backoff_limit: event.backoff_limit,
        record: { ...record, operator: event.operator, resources: event.resources, pods: event.pods },
      };
    case 'notice':
      return { ...state, record: { ...record, notices: withNotice(record.notices, event) } };
    case 'progress':
      return { ...state, progress: event.message };
    case 'attempt':
      return {
        ...state,
        record: {
          ...record,
          attempt: event.attempt,
          pods: record.pods.map((pod) => fresh(pod, event.attempt)),
        },
      };
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

function fresh(pod: PodRecord, attempt: number): PodRecord {
  return {
    ...pod,
    attempt,
    status: 'Pending',
    reason: null,
    exit_code: null,
    started_at: null,
    ended_at: null,
    peak_memory_bytes: null,
  };
}

function withPod(record: ExperimentState['record'], fact: PodFact): ExperimentState['record'] {
  if (fact.attempt !== record.attempt) return record;
  const { type: _type, ...changed } = fact;
  const startedAt = record.started_at ?? (fact.started_at || null);
  return {
    ...record,
    started_at: startedAt,
    pods: record.pods.map((pod) => (pod.pod === fact.pod ? { ...pod, ...changed } : pod)),
  };
}

function withEnd(record: ExperimentState['record'], time: string): ExperimentState['record'] {
  const duration =
    record.started_at === null ? null : (Date.parse(time) - Date.parse(record.started_at)) / 1000;
  return { ...record, ended_at: time, duration_s: duration === null ? null : Math.max(0, duration) };
}
