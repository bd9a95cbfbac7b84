import { isClusterError } from '../api/cluster-error.ts';
import type { Cluster } from '../api/cluster.ts';
import type { EngineLog } from '../engine-log.ts';
import { isHeld, release } from '../api/finalizer.ts';
import { EXPERIMENT_LABEL, RESOURCES, type ObservedRayJob, type Pod } from '../api/objects.ts';
import { isOver } from '../pod/over.ts';

/**
 * `followed`: somebody here looks after it. `live`: it has not ended, and somebody here will. `ended`: nobody needs its
 * pods. `unknown`: it is another control plane's, or was deleted.
 */
export type Standing = 'followed' | 'live' | 'ended' | 'unknown';

interface JanitorOptions {
  cluster: Cluster;
  /** How long the workload of an ended experiment stays, in seconds. */
  ttlS: number;
  standing(experimentId: string): Promise<Standing>;
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

async function releasePods({ cluster, standing, now, log }: JanitorOptions): Promise<void> {
  const { items } = await cluster.list<Pod>(RESOURCES.pods, { labelSelector: EXPERIMENT_LABEL });
  for (const pod of items.filter(isHeld)) {
    const { name = '', uid = '', labels } = pod.metadata ?? {};
    const experimentId = labels?.[EXPERIMENT_LABEL] ?? '';
    if (!isForsaken(pod, await standing(experimentId), now())) continue;
    await release(cluster, { name, uid });
    log.info({ pod: name, experiment_id: experimentId }, 'let go of a pod that nobody waits for');
  }
}

/** Whether nobody waits for this pod. */
export function isForsaken(pod: Pod, standing: Standing, now: Date): boolean {
  if (standing === 'ended') return true;
  if (standing !== 'unknown' || pod.metadata?.deletionTimestamp === undefined || !isOver(pod)) return false;
  return now.getTime() - endOf(pod) > PATIENCE_MS;
}

/** When the last of its containers ended; of one that never had any, when its deletion was to be done. */
function endOf({ metadata, status }: Pod): number {
  const ends = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])].flatMap(
    ({ state }) => state?.terminated?.finishedAt ?? [],
  );
  const times = ends.length > 0 ? ends : [metadata?.deletionTimestamp ?? ''];
  return Math.max(...times.map((time) => Date.parse(String(time))));
}

/** KubeRay ends the cluster of a job that is over, but never removes the job. */
async function removeRayJobs({ cluster, ttlS, standing, now, log }: JanitorOptions): Promise<void> {
  for (const job of await listRayJobs(cluster)) {
    const { name = '', uid = '', labels } = job.metadata ?? {};
    const experimentId = labels?.[EXPERIMENT_LABEL] ?? '';
    if (!isPast(job, ttlS, now()) || (await standing(experimentId)) === 'followed') continue;
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
