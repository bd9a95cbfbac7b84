import type { Explanation } from '../../../experiment/failure/explain.ts';
import { nameOf, type Rendering } from '../../../render/kubernetes/rendering.ts';
import { isClusterError } from '../api/cluster-error.ts';
import type { Cluster } from '../api/cluster.ts';
import { RESOURCES, type KubeObject, type ObservedRayJob } from '../api/objects.ts';
import { labelOf } from '../pod/labels.ts';
import type { SeenPod } from '../pod/seen-pod.ts';
import type { Look } from '../status/model.ts';
import { isHeld } from '../workload/ray/ray-attempt.ts';

/** Tells whether somebody has removed the Ray cluster of a job that runs: KubeRay itself says so half a minute later, and not why. */
export interface RayClusterWatch {
  /** Null: nothing of it, or it is told already. */
  look(look: Look): Promise<Explanation | null>;
}

interface WatchOptions {
  cluster: Pick<Cluster, 'get'>;
  rendering: Rendering;
}

export function createRayClusterWatch({ cluster, rendering }: WatchOptions): RayClusterWatch {
  /** Uids of clusters whose head went away: they were asked for. */
  const asked = new Set<string>();

  return {
    async look({ view, observed }) {
      const { rayjob, pods, gone } = observed;
      const name = rayjob?.status?.rayClusterName ?? '';
      if (view.told !== null || rayjob === null || name === '' || !isRunning(rayjob)) return null;
      const going = [...pods.filter(({ deletion }) => deletion !== null), ...gone];
      const uids = going.flatMap((pod) => (isHead(pod, name) ? (pod.controller ?? []) : []));
      for (const uid of new Set(uids)) {
        if (asked.has(uid)) continue;
        asked.add(uid);
        if (!(await isRemoved(cluster, { rayJob: nameOf(rendering), name, uid }))) continue;
        const explanation = `the RayCluster ${name} was removed from outside while its job ran; resubmit`;
        return { reason: 'RemovedOutside', explanation };
      }
      return null;
    },
  };
}

function isHead(pod: SeenPod, cluster: string): boolean {
  return labelOf(pod, 'rayCluster') === cluster && labelOf(pod, 'rayNodeType') === 'head';
}

/** Its cluster is to be there. */
function isRunning(rayjob: ObservedRayJob): boolean {
  const { jobDeploymentStatus: deployment = '', jobStatus = '' } = rayjob.status ?? {};
  if (isHeld(rayjob) || rayjob.metadata?.deletionTimestamp !== undefined) return false;
  return ['Initializing', 'Running'].includes(deployment) && ['', 'PENDING', 'RUNNING'].includes(jobStatus);
}

interface Lost {
  rayJob: string;
  name: string;
  /** Of the RayCluster. */
  uid: string;
}

/**
 * Whether a RayJob that is to have its cluster has lost it. KubeRay makes another one of the same name, in which nobody knows the job.
 * False also where KubeRay itself has taken it, or it may not be looked at.
 */
async function isRemoved(cluster: Pick<Cluster, 'get'>, { rayJob, name, uid }: Lost): Promise<boolean> {
  try {
    const now = await cluster.get<ObservedRayJob>(RESOURCES.rayjobs, rayJob);
    if (now === null || now.status?.rayClusterName !== name || !isRunning(now)) return false;
    const found = await cluster.get<KubeObject>(RESOURCES.rayclusters, name);
    return found?.metadata?.uid !== uid || found.metadata.deletionTimestamp !== undefined;
  } catch (error) {
    if (isClusterError(error)) return false;
    throw error;
  }
}
