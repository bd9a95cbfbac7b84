import type { PodUsage } from '../../engine.ts';
import type { Cluster } from '../api/cluster.ts';
import { EXPERIMENT_LABEL, RESOURCES, type KubeObject } from '../api/objects.ts';
import { parseQuantity } from '../fit/quantity.ts';
import type { PodObject } from '../status/model.ts';

/** What metrics-server tells of a pod. */
interface PodMetrics extends KubeObject {
  containers?: { usage?: { cpu?: string; memory?: string } }[];
}

/**
 * What the pods of an experiment take, as the cluster's metrics API has it (half a minute old); none where it has none.
 *
 * @param objects its pods as they were seen last: to ask for them again, with all that is said of each, would take longer than the rest
 */
export async function clusterUsage(
  cluster: Pick<Cluster, 'list'>,
  experimentId: string,
  objects: readonly PodObject[],
): Promise<PodUsage[]> {
  const labelSelector = `${EXPERIMENT_LABEL}=${experimentId}`;
  const metrics = await cluster.list<PodMetrics>(RESOURCES.podMetrics, { labelSelector });
  const names = new Map(objects.filter(({ gone }) => !gone).map(({ objectName, pod }) => [objectName, pod]));
  return metrics.items.flatMap((found) => {
    const name = names.get(found.metadata?.name ?? '');
    return name === undefined ? [] : [usageOfPod(name, found)];
  });
}

function usageOfPod(pod: string, { containers = [] }: PodMetrics): PodUsage {
  const sum = (key: 'cpu' | 'memory') =>
    containers.reduce((total, { usage }) => total + (parseQuantity(usage?.[key] ?? '') ?? 0), 0);
  const memory_bytes = Math.round(sum('memory'));
  return { pod, cpus: sum('cpu'), memory_bytes, gpu: null, gpu_memory_bytes: null };
}
