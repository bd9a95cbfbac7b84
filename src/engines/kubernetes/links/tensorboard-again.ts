import { join } from 'node:path';
import { AichorError } from '../../../errors.ts';
import type { EndedPod } from '../../../experiment/failure/explain.ts';
import { REACHED } from '../../../experiment/link.ts';
import { place } from '../../../base/io/place.ts';
import { nameOf, type Rendering } from '../../../render/kubernetes/rendering.ts';
import { renderTensorBoardAgain } from '../../../render/kubernetes/tensorboard.ts';
import type { TensorBoardContext } from '../../engine.ts';
import { isClusterError } from '../api/cluster-error.ts';
import type { Cluster } from '../api/cluster.ts';
import type { ClusterDeps } from '../deps.ts';
import { explainRefusal } from '../api/explain-refusal.ts';
import { RESOURCES, type Pod } from '../api/objects.ts';
import { see, type SeenPod } from '../pod/seen-pod.ts';
import { whyPending } from '../waiting/pending.ts';
import { servingPod, serviceSelector } from './services.ts';

/** How long it stays. */
const STAYS_S = 12 * 3600;
/** Its image has to be pulled first. */
const PATIENCE_MS = 120_000;

/** Tells whoever deletes the experiment that there may be one. In the engine's folder of the experiment. */
export const TENSORBOARD_MARK = 'tensorboard-again';

/**
 * Starts TensorBoard for an experiment that has ended, unless one runs. It ends by itself after some hours, and when
 * the experiment is deleted.
 *
 * @returns `REACHED`, as soon as it is ready
 * @throws AichorError `engine_unavailable`: it cannot start, or takes its time
 */
export async function openTensorBoardAgain(deps: ClusterDeps, context: TensorBoardContext): Promise<string> {
  const { cluster } = await deps.connected();
  const { plan, project, experimentId, directory, signal } = context;
  const settings = { ...deps.settings, namespace: cluster.namespace };
  const rendering: Rendering = { plan, project, experimentId, settings };
  try {
    await place(join(directory, 'engine', TENSORBOARD_MARK), '');
    await ensureJob(cluster, rendering);
    await ready(cluster, experimentId, AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]));
  } catch (error) {
    if (!isClusterError(error)) throw error;
    const refused = {
      verb: 'patch',
      resource: RESOURCES.jobs,
      name: nameOf(rendering, 'tensorboard'),
      error,
    } as const;
    const { explanation } = await explainRefusal(cluster, refused);
    throw new AichorError('engine_unavailable', `TensorBoard cannot be started: ${explanation}`, {
      cause: error,
    });
  }
  return REACHED;
}

async function ensureJob(cluster: Cluster, rendering: Rendering): Promise<void> {
  const job = renderTensorBoardAgain(rendering, STAYS_S);
  if (job === null) throw new RangeError('an experiment without TensorBoard');
  if ((await cluster.get(RESOURCES.jobs, nameOf(rendering, 'tensorboard'))) === null)
    await cluster.apply(RESOURCES.jobs, job);
}

/** Returns when it can be seen; throws AichorError when it cannot start, or has not when `signal` is aborted. */
async function ready(cluster: Cluster, experimentId: string, signal: AbortSignal): Promise<void> {
  const labelSelector = serviceSelector(experimentId, 'tensorboard');
  const { items, resourceVersion } = await cluster.list<Pod>(RESOURCES.pods, { labelSelector, signal });
  const pods = new Map(items.map(see).map((pod) => [pod.uid, pod]));
  if (isReady([...pods.values()])) return;
  for await (const event of cluster.watch<Pod>(RESOURCES.pods, { labelSelector, resourceVersion, signal })) {
    if (event.type === 'BOOKMARK') continue;
    const pod = see(event.object);
    if (event.type === 'DELETED') pods.delete(pod.uid);
    else pods.set(pod.uid, pod);
    if (isReady([...pods.values()])) return;
  }
  const why = [...pods.values()].map(waitOf).find((text) => text !== null);
  throw new AichorError('engine_unavailable', `TensorBoard is not up yet${why == null ? '' : `: ${why}`}`, {
    hint: 'it goes on starting; open it again in a while',
  });
}

/** Throws AichorError when it failed, or never can. */
function isReady(pods: readonly SeenPod[]): boolean {
  if (servingPod(pods, 'tensorboard') !== null) return true;
  const ends = pods.flatMap(({ main }) => main.state?.terminated ?? []);
  const failed = ends.find(({ exitCode }) => exitCode !== 0);
  if (failed !== undefined)
    throw new AichorError(
      'engine_unavailable',
      `TensorBoard ended with code ${failed.exitCode}${failed.message === undefined ? '' : `: ${failed.message.trim()}`}`,
      { hint: 'see the tensorboard_image of the engine, and whether it can read where the experiment wrote' },
    );
  for (const pod of pods) {
    const wait = whyPending({ pod, group: TENSORBOARD, events: [] });
    if (wait?.patience === 'none')
      throw new AichorError('engine_unavailable', `TensorBoard cannot start: ${wait.text}`);
  }
  return false;
}

function waitOf(pod: SeenPod): string | null {
  return whyPending({ pod, group: TENSORBOARD, events: [] })?.text ?? null;
}

const TENSORBOARD: EndedPod['group'] = {
  name: 'tensorboard',
  role: 'pod',
  resources: {
    cpus: 0.1,
    memory_gb: 0.5,
    cpu_limit: 1,
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
