import fc from 'fast-check';
import type { ExperimentEvent, ExperimentFact, PodFact } from '../../../src/experiment/event.ts';
import type { PodRecord } from '../../../src/experiment/record.ts';
import {
  applyEvent,
  initialState,
  type ExperimentState,
  type NewExperiment,
} from '../../../src/experiment/state.ts';
import { POD_STATUSES, STEPS } from '../../../src/experiment/status.ts';

export const NEW: NewExperiment = {
  experiment_id: '9b2f41d0-3c5e-4a57-9a0e-0d1c2b3a4f5e',
  operator: null,
  engine: 'local',
  project: 'default',
  message: '',
  labels: {},
  source: { kind: 'local', snapshot: null, repository: null, commit_sha: null, branch: null },
  manifest_path: 'manifest.yaml',
  resubmit_of: null,
  env: {},
  secrets: [],
  created_at: '2026-01-01T00:00:00.000Z',
  paths: { input: '/i/', output: '/o/', tensorboard: null, workdir: null },
};

export function podRecord(pod: string, rank: number): PodRecord {
  return {
    ...{
      pod,
      type: 'worker',
      job_index: rank,
      pod_index: 0,
      rank,
      status: 'Pending',
      reason: null,
      exit_code: null,
    },
    ...{ attempt: 1, started_at: null, ended_at: null, peak_memory_bytes: null, node: null, usage: null },
  };
}

export function planned(...names: string[]): ExperimentFact {
  const pods = names.map(podRecord);
  return {
    type: 'planned',
    operator: 'jobset',
    resources: { pods: pods.length, cpus: 1, memory_gb: 1, gpus: 0 },
    pods,
    backoff_limit: 0,
  };
}

export function pod(name: string, status: PodFact['status'], more: Partial<PodFact> = {}): PodFact {
  return {
    ...{ type: 'pod', pod: name, attempt: 1, status, reason: null, exit_code: null },
    ...{
      started_at: status === 'Pending' ? null : '2026-01-01T00:01:00.000Z',
      ended_at: null,
      peak_memory_bytes: null,
    },
    ...more,
  };
}

export function step(name: (typeof STEPS)[number]): ExperimentFact {
  return { type: 'step', step: name, message: name };
}

export const CANCEL: ExperimentFact = { type: 'cancel_requested', message: 'cancel requested' };
export const ENDED: ExperimentFact = { type: 'ended' };
export const FAILURE: ExperimentFact = {
  type: 'failure',
  reason: 'NonZeroExit',
  explanation: 'a ended with code 1',
};

/** Facts one second after the other. */
export function events(facts: readonly ExperimentFact[]): ExperimentEvent[] {
  return facts.map((fact, index) => ({
    time: new Date(Date.UTC(2026, 0, 1, 0, 0, index)).toISOString(),
    ...fact,
  }));
}

export function fold(...facts: ExperimentFact[]): ExperimentState {
  return events(facts).reduce(applyEvent, initialState(NEW));
}

/** Any fact about an experiment with the pods a and b, sensible or not. */
export const anyFact: fc.Arbitrary<ExperimentFact> = fc.oneof(
  fc.constantFrom(...STEPS).map(step),
  fc.constant(planned('a', 'b')),
  fc.constant<ExperimentFact>({ type: 'notice', code: 'n', message: 'n' }),
  fc.constant<ExperimentFact>({ type: 'progress', message: 'p' }),
  fc
    .integer({ min: 1, max: 3 })
    .map((attempt): ExperimentFact => ({ type: 'attempt', attempt, message: 'all pods' })),
  fc
    .record({
      name: fc.constantFrom('a', 'b', 'stranger'),
      status: fc.constantFrom(...POD_STATUSES),
      attempt: fc.integer({ min: 1, max: 3 }),
    })
    .map(({ name, status, attempt }) => pod(name, status, { attempt })),
  fc.constant(CANCEL),
  fc.constant(FAILURE),
  fc.constant(ENDED),
);
