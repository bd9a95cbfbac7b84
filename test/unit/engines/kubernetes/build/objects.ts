import type { Event, Job, Pod } from '../../../../../src/engines/kubernetes/api/objects.ts';
import type { Observed } from '../../../../../src/engines/kubernetes/watch/observed.ts';
import { see } from '../../../../../src/engines/kubernetes/pod/seen-pod.ts';
import type { Told } from '../pods.ts';

export const EXPERIMENT_ID = '6f4a850d-2281-4c1e-9a55-0123456789ab';
export const JOB = 'experiment-6f4a850d-2281-build';
export const DIGEST = `sha256:${'0a'.repeat(32)}`;
export const METADATA = JSON.stringify({ 'containerimage.digest': DIGEST, 'image.name': 'i:1' }, null, 2);

type State = 'waiting' | 'running' | { exitCode: number; reason?: string; message?: string };

/** The build's Job, as its controller says it. */
export function buildJob(failure?: { reason: string; message?: string }): Job {
  return {
    metadata: { name: JOB, uid: 'job-uid', labels: { 'aichor.io/experiment-id': EXPERIMENT_ID } },
    ...(failure && { status: { conditions: [{ type: 'Failed', status: 'True', ...failure }] } }),
  };
}

function containerStatus(name: string, state: State) {
  const started = { startedAt: '2026-01-01T00:00:00Z' };
  const base = { name, image: 'moby/buildkit:rootless', imageID: '', ready: false, restartCount: 0 };
  if (state === 'waiting') return { ...base, state: { waiting: { reason: 'PodInitializing' } } };
  if (state === 'running') return { ...base, state: { running: started } };
  return { ...base, state: { terminated: { ...started, finishedAt: '2026-01-01T00:00:42Z', ...state } } };
}

/** The build's pod, with its two containers. */
export function buildPod(upload: State, build: State, more: Partial<Pod> = {}): Pod {
  return {
    metadata: {
      name: `${JOB}-x`,
      uid: 'pod-uid',
      labels: { 'batch.kubernetes.io/job-name': JOB, 'aichor.io/component': 'build' },
      ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name: JOB, uid: 'job-uid', controller: true }],
    },
    spec: { nodeName: 'node1', initContainers: [{ name: 'upload' }], containers: [{ name: 'build' }] },
    ...more,
    status: {
      phase: upload === 'running' || upload === 'waiting' ? 'Pending' : 'Running',
      initContainerStatuses: [containerStatus('upload', upload)],
      containerStatuses: [containerStatus('build', build)],
      ...more.status,
    },
  };
}

export function observed({ pods = [], gone = [], ...more }: Partial<Told> = {}): Observed {
  const seen = { pods: pods.map(see), gone: gone.map(see) };
  return { jobset: null, rayjob: null, queued: null, jobs: [buildJob()], events: [], ...more, ...seen };
}

export function warning(reason: string, message: string, uid: string): Event {
  return { metadata: {}, involvedObject: { uid }, reason, message, type: 'Warning' };
}
