import { isClusterError } from '../api/cluster-error.ts';
import type { Cluster } from '../api/cluster.ts';
import type { EngineLog } from '../engine-log.ts';
import { isHeld, release } from '../api/finalizer.ts';
import { EXPERIMENT_LABEL, RESOURCES, type ObservedRayJob } from '../api/objects.ts';
import { isOver } from '../pod/over.ts';
import { containersOf, see, type SeenPod } from '../pod/seen-pod.ts';

/**
 * `followed`: somebody here looks after it. `live`: it has not ended, and somebody here will. `ended`: nobody needs its
 * pods. `unknown`: it is another control plane's, or was deleted.
 */
export type Following = 'followed' | 'live' | 'ended' | 'unknown';

interface JanitorOptions {
  cluster: Cluster;
  /** How long the workload of an ended experiment stays, in seconds. */
  ttlS: number;
  following(experimentId: string): Promise<Following>;
  now: () => Date;
  log: Pick<EngineLog, 'info'>;
}

/** How long a pod of an unknown experiment is left to whoever may still be reading its log. */
const PATIENCE_MS = 10 * 60_000;

/**
 * Tidies up after whoever could not: pods that keep our finalizer though nobody waits for them (they would hold up the
 * end of their node and of the namespace), and Ray jobs whose time is over.
 */
export async function tidyCluster(options: JanitorOptions): Promise<void> {
  await releasePods(options);
  await removeRayJobs(options);
}

async function releasePods({ cluster, following, now, log }: JanitorOptions): Promise<void> {
  const { items } = await cluster.listAs(RESOURCES.pods, see, { labelSelector: EXPERIMENT_LABEL });
  for (const pod of items.filter(isHeld)) {
    const { name, uid, labels } = pod;
    const experimentId = labels[EXPERIMENT_LABEL] ?? '';
    if (!isForsaken(pod, await following(experimentId), now())) continue;
    await release(cluster, { name, uid });
    log.info({ pod: name, experiment_id: experimentId }, 'let go of a pod that nobody waits for');
  }
}

/** Whether nobody waits for this pod. */
export function isForsaken(pod: SeenPod, following: Following, now: Date): boolean {
  if (following === 'ended') return true;
  if (following !== 'unknown' || pod.deletion === null || !isOver(pod)) return false;
  return now.getTime() - endOf(pod) > PATIENCE_MS;
}

/** When the last of its containers ended; of one that never had any, when its deletion was to be done. */
function endOf(pod: SeenPod): number {
  const ends = containersOf(pod).flatMap(({ state }) => state?.terminated?.finishedAt ?? []);
  const times = ends.length > 0 ? ends : [pod.deletion?.at ?? ''];
  return Math.max(...times.map((time) => Date.parse(time)));
}

/** KubeRay ends the cluster of a job that is over, but never removes the job. */
async function removeRayJobs({ cluster, ttlS, following, now, log }: JanitorOptions): Promise<void> {
  for (const job of await listRayJobs(cluster)) {
    const { name = '', uid = '', labels } = job.metadata ?? {};
    const experimentId = labels?.[EXPERIMENT_LABEL] ?? '';
    if (!isPast(job, ttlS, now()) || (await following(experimentId)) === 'followed') continue;
    if (await cluster.remove(RESOURCES.rayjobs, name, { propagation: 'Background', uid }))
      log.info({ rayjob: name, experiment_id: experimentId }, 'removed a Ray job whose time was over');
  }
}

export function isPast({ status }: ObservedRayJob, ttlS: number, now: Date): boolean {
  const isFinished = ['Complete', 'Failed'].includes(status?.jobDeploymentStatus ?? '');
  if (!isFinished || status?.endTime === undefined) return false;
  return now.getTime() - Date.parse(status.endTime) > ttlS * 1000;
}

/** None where KubeRay is not installed. */
async function listRayJobs(cluster: Cluster): Promise<ObservedRayJob[]> {
  try {
    return (await cluster.list<ObservedRayJob>(RESOURCES.rayjobs, { labelSelector: EXPERIMENT_LABEL })).items;
  } catch (error) {
    if (isClusterError(error, 404) || isClusterError(error, 403)) return [];
    throw error;
  }
}
