import type { EndedPod } from '../../../experiment/failure/explain.ts';
import type { BuildView } from './build-view.ts';
import { conditionOf } from '../pod/disruption.ts';
import type { Observed } from '../watch/observed.ts';
import { whyPending } from '../waiting/pending.ts';

/** Why a build does not start. */
export interface BuildWait {
  message: string;
  /** It never will. */
  hopeless: boolean;
}

/** What a pod of the engine's own is called; the manifest has no say in it. */
const BUILD: EndedPod['group'] = {
  name: 'build',
  role: 'pod',
  resources: {
    cpus: 1,
    memory_gb: 2,
    cpu_limit: 0,
    shm_gb: 0,
    gpus: 0,
    gpu_product: null,
    tpu: null,
    rdma_devices: [],
    selectors: {},
    tolerations: [],
    ephemeral_storage: { request: null, limit: null },
  },
};

/** Null: it has started, or nothing is known to be in the way. Pure. */
export function buildWaiting(
  { job, pod, upload, build }: BuildView,
  { events }: Pick<Observed, 'events'>,
  { now, imageFailAfterS }: { now: Date; imageFailAfterS: number },
): BuildWait | null {
  if (pod === null) {
    const uid = job?.metadata?.uid;
    const refused = events.findLast(
      ({ reason, involvedObject }) => reason === 'FailedCreate' && involvedObject.uid === uid,
    );
    if (refused === undefined) return null;
    return { message: `its pod cannot be created: ${refused.message ?? ''}`, hopeless: false };
  }
  if (upload.state === 'running' || build.state !== 'waiting') return null;
  const wait = whyPending({ pod, group: BUILD, events });
  if (wait === null) return null;
  const { patience, since, reason } = wait;
  // No hint: they speak of the manifest.
  const text =
    reason === 'Unschedulable' ? (conditionOf(pod, 'PodScheduled')?.message ?? wait.text) : wait.text;
  const lasted = since === null ? 0 : (now.getTime() - Date.parse(since)) / 1000;
  return {
    message: text,
    hopeless: patience === 'none' || (patience === 'limited' && lasted > imageFailAfterS),
  };
}
