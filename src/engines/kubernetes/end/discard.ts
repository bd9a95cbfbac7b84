import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { eachAtMost } from '../../../base/async/at-most.ts';
import { ifThere, isThere } from '../../../base/io/files.ts';
import { objectName } from '../../../operators/object-name.ts';
import { LEFTOVERS, removeLeftovers } from './clear-up.ts';
import { isClusterError } from '../api/cluster-error.ts';
import type { Cluster } from '../api/cluster.ts';
import type { ClusterDeps } from '../deps.ts';
import { isHeld, release } from '../api/finalizer.ts';
import { isUnreachable } from '../api/insist.ts';
import { openKept, type Kept } from '../run/kept.ts';
import { TENSORBOARD_MARK } from '../links/tensorboard-again.ts';
import { see } from '../pod/seen-pod.ts';
import { EXPERIMENT_LABEL, RESOURCES, type KubeObject } from '../api/objects.ts';

/** Folder of the engine for one experiment. */
export function engineFolderOf(dataFolder: string, experimentId: string): string {
  return join(dataFolder, 'experiments', experimentId, 'engine');
}

/**
 * Removes from the cluster what an ended experiment has left there. Its finished workload stays, to be looked at, until
 * the experiment is deleted or its time is over. What was never begun asks nothing of the cluster.
 *
 * @throws ClusterError, AichorError `engine_unavailable`: it is worth trying again
 */
export async function discardEnded(deps: ClusterDeps, { experimentId, directory }: Discarded): Promise<void> {
  if (!(await isBegun(directory))) return;
  const kept = await openKept(directory);
  if (kept.run.cleared) return;
  const { cluster } = await deps.connected();
  await removeLeftovers(cluster, experimentId, LEFTOVERS);
  await kept.change({ cleared: true });
}

interface Discarded {
  experimentId: string;
  directory: string;
}

/**
 * Removes everything of an ended experiment, its workload too. Whoever deletes an experiment wants it gone: where the
 * cluster cannot be reached, or does not let us, that is logged and not waited for. What is left there ends by its own
 * time to live.
 */
export async function discardDeleted(deps: ClusterDeps, discarded: Discarded): Promise<void> {
  const { experimentId, directory } = discarded;
  if (!(await isBegun(directory))) return;
  const kept = await openKept(directory);
  try {
    const { cluster } = await deps.connected();
    await removeWorkloads(cluster, experimentId, kept);
    if (!kept.run.cleared) {
      await removeLeftovers(cluster, experimentId, LEFTOVERS);
      await releasePods(cluster, experimentId);
    }
    if (await isThere(join(directory, TENSORBOARD_MARK)))
      await removeLeftovers(cluster, experimentId, [[RESOURCES.jobs, 'tensorboard']]);
  } catch (error) {
    if (!isClusterError(error) && !isUnreachable(error)) throw error;
    deps.log.warn(
      { err: error, experiment_id: experimentId, engine: deps.name },
      `what is left of a deleted experiment in the cluster (${objectName(experimentId)}) could not be removed`,
    );
  }
  await rm(directory, { recursive: true, force: true });
}

/** Not all was done that belongs to its end: pods may still run, or have to be let go of, and logs have to be read. */
export async function isUnfinished(directory: string): Promise<boolean> {
  if (!(await isBegun(directory))) return false;
  const { workloads, cleared } = (await openKept(directory)).run;
  return workloads.length > 0 && !cleared;
}

/** Nothing is kept: nothing was ever created. */
async function isBegun(directory: string): Promise<boolean> {
  const kept = await ifThere(readdir(directory));
  return kept !== null && kept.length > 0;
}

async function removeWorkloads(cluster: Cluster, experimentId: string, { run }: Kept): Promise<void> {
  if (run.workloads.length === 0) return;
  const name = objectName(experimentId);
  for (const resource of [RESOURCES.jobsets, RESOURCES.rayjobs]) {
    const there = await absentWithoutKind(cluster.get(resource, name));
    const uid = there?.metadata?.uid;
    if (uid === undefined || there?.metadata?.labels?.[EXPERIMENT_LABEL] !== experimentId) continue;
    await cluster.remove(resource, name, { propagation: 'Background', uid });
  }
}

/** Released at once, at most. */
const RELEASED_TOGETHER = 16;

/** Pods of which nobody will read a log any more are not to wait for that. */
async function releasePods(cluster: Cluster, experimentId: string): Promise<void> {
  const labelSelector = `${EXPERIMENT_LABEL}=${experimentId}`;
  const { items } = await cluster.listAs(RESOURCES.pods, see, { labelSelector });
  await eachAtMost(RELEASED_TOGETHER, items.filter(isHeld), (pod) => release(cluster, pod));
}

/** Of a kind that is not installed there is no object. */
async function absentWithoutKind(asked: Promise<KubeObject | null>): Promise<KubeObject | null> {
  try {
    return await asked;
  } catch (error) {
    if (isClusterError(error, 404)) return null;
    throw error;
  }
}
