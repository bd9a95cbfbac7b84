import type { Event, ObservedJobSet, Pod } from '../../../../src/engines/kubernetes/api/objects.ts';
import type { Observed } from '../../../../src/engines/kubernetes/watch/observed.ts';
import { see } from '../../../../src/engines/kubernetes/pod/seen-pod.ts';
import { planOf } from './recorded.ts';

export const EXPERIMENT = '1a2b3c4d-0000-4000-8000-000000000000';
export const NAME = 'experiment-1a2b3c4d-0000';

export function planWith(operator: string, types: string, more: string[] = []) {
  const lines = [
    'kind: AIchorManifest',
    'apiVersion: 0.2.3',
    'builder: {image: i, dockerfile: ./Dockerfile, context: .}',
  ];
  const spec = [`operator: ${operator}`, 'image: i', 'command: python train.py', ...more, `types: ${types}`];
  return planOf([...lines, 'spec:', ...spec.map((line) => `  ${line}`)].join('\n'));
}

export const RESOURCES = 'resources: {cpus: 2, memory: 8, shmSizeGB: 0}';

/** A pod of the type `worker` as JobSet makes it. */
export function pod(
  job: number,
  more: { status?: Pod['status']; meta?: Pod['metadata']; spec?: Partial<Pod['spec']> } = {},
): Pod {
  const labels = {
    'jobset.sigs.k8s.io/replicatedjob-name': 'worker',
    'jobset.sigs.k8s.io/job-index': String(job),
    'jobset.sigs.k8s.io/restart-attempt': '0',
    'batch.kubernetes.io/job-completion-index': '0',
  };
  return {
    metadata: {
      ...{
        name: `${NAME}-worker-${job}-0-abcde`,
        uid: `pod-${job}`,
        labels,
        creationTimestamp: '2026-01-01T00:00:00Z',
      },
      ...more.meta,
    },
    spec: {
      restartPolicy: 'Never',
      nodeName: 'n1',
      containers: [{ name: 'main', image: 'host/i:1' }],
      ...more.spec,
    },
    status: { phase: 'Pending', ...more.status },
  };
}

/** Ended at second `at` of the minute in which everything happens. */
export function ended(
  code: number,
  at = 20,
  reason = code === 0 ? 'Completed' : 'Error',
): NonNullable<Pod['status']> {
  const terminated = { exitCode: code, reason, startedAt: second(10), finishedAt: second(at) };
  return {
    phase: code === 0 ? 'Succeeded' : 'Failed',
    containerStatuses: [container({ terminated })],
  };
}

export const running: NonNullable<Pod['status']> = {
  phase: 'Running',
  containerStatuses: [container({ running: { startedAt: '2026-01-01T00:00:10Z' } })],
};

export function container(state: object, more: object = {}) {
  return { name: 'main', image: '', imageID: '', ready: false, restartCount: 0, state, ...more };
}

export function second(of: number): string {
  return `2026-01-01T00:00:${String(of).padStart(2, '0')}Z`;
}

export function jobset(
  status: ObservedJobSet['status'] = {},
  more: Partial<ObservedJobSet> = {},
): ObservedJobSet {
  return { metadata: { name: NAME, uid: 'jobset-1', creationTimestamp: second(0) }, status, ...more };
}

export function failedJobSet(job: string | null, reason = 'ReachedMaxRestarts'): ObservedJobSet {
  const message = `failed${job === null ? '' : ` (first failed job: ${NAME}-${job})`}`;
  const condition = { type: 'Failed', status: 'True', reason, message, lastTransitionTime: second(30) };
  return jobset({ terminalState: 'Failed', conditions: [condition] });
}

export const completed: ObservedJobSet = jobset({
  terminalState: 'Completed',
  conditions: [
    { type: 'Completed', status: 'True', reason: 'AllJobsCompleted', lastTransitionTime: second(30) },
  ],
});

export function warning(reason: string, message: string, about: Event['involvedObject']): Event {
  return { metadata: {}, type: 'Warning', reason, message, involvedObject: about, firstTimestamp: second(5) };
}

/** What watches tell, with pods as the API server has them. */
export type Told = Omit<Observed, 'pods' | 'gone'> & { pods: readonly Pod[]; gone: readonly Pod[] };

/** As the program sees it: pods come through `see`, as those of the watch do. */
export function observing({ pods = [], gone = [], ...more }: Partial<Told>): Observed {
  const seen = { pods: pods.map(see), gone: gone.map(see) };
  return { jobset: jobset(), rayjob: null, queued: null, jobs: [], events: [], ...more, ...seen };
}
