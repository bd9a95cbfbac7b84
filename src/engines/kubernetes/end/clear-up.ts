import type { Plan } from '../../../experiment/plan/plan.ts';
import { crashPoint } from '../../../base/io/crash-point.ts';
import { objectName } from '../../../operators/object-name.ts';
import { nameOf } from '../../../render/kubernetes/rendering.ts';
import { workloadResource } from '../run/apply.ts';
import { isClusterError } from '../api/cluster-error.ts';
import type { Cluster } from '../api/cluster.ts';
import { RESOURCES, type Resource } from '../api/objects.ts';
import { createdWorkloads, type ClusterRun } from '../run/run-state.ts';
import { secretNames } from '../run/secret-values.ts';

const { secrets, claims, deployments, services, jobs } = RESOURCES;

/** What is of no use after the end, by kind and the end of its name. */
export const LEFTOVERS: readonly (readonly [Resource, string])[] = [
  [secrets, 'secrets'],
  [claims, 'shared'],
  [deployments, 'tensorboard'],
  [services, 'tensorboard'],
  [jobs, 'build'],
];

/**
 * Removes what nobody needs after the end of a run; its finished workload stays for a while, unless it keeps
 * a volume. What cannot be removed now
 * goes when the experiment is tidied up.
 */
export async function clearUp(run: ClusterRun): Promise<void> {
  const { deps, cluster, context, kept } = run;
  const { experimentId, plan } = context;
  if (kept.run.cleared) return;
  try {
    // A volume does not go as long as there are pods that have it, finished ones too.
    if (plan.storage.shared_volume !== null) await removeWorkload(run);
    await removeLeftovers(cluster, experimentId, leftoversOf(plan));
    await kept.change({ cleared: true });
    crashPoint('cluster-cleared-up');
  } catch (error) {
    if (!isClusterError(error)) throw error;
    deps.log.warn({ err: error, experiment_id: experimentId }, 'what is left of an experiment goes later');
  }
}

/** In the background: pods that still run get their grace, and their logs can be read on. */
export async function removeWorkload({ cluster, rendering, kept }: ClusterRun): Promise<void> {
  const uid = createdWorkloads(kept).at(-1)?.uid;
  if (uid === undefined) return;
  await cluster.remove(workloadResource(rendering), nameOf(rendering), { propagation: 'Background', uid });
}

/** Only what the plan ever made: nothing is asked for in vain. */
function leftoversOf(plan: Plan): typeof LEFTOVERS {
  return LEFTOVERS.filter(([, suffix]) => {
    if (suffix === 'secrets') return secretNames(plan).length > 0;
    if (suffix === 'shared') return plan.storage.shared_volume !== null;
    return suffix === 'tensorboard' ? plan.tensorboard.enabled : plan.builder.skip_build === null;
  });
}

export async function removeLeftovers(
  cluster: Cluster,
  experimentId: string,
  leftovers: typeof LEFTOVERS,
): Promise<void> {
  for (const [resource, suffix] of leftovers)
    await cluster.remove(resource, `${objectName(experimentId)}-${suffix}`, { propagation: 'Background' });
}
