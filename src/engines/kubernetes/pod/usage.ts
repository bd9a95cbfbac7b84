import type { PodUsage } from '../../engine.ts';
import type { Cluster } from '../api/cluster.ts';
import { EXPERIMENT_LABEL, RESOURCES, type KubeObject, type Pod } from '../api/objects.ts';
import { parseQuantity } from '../fit/quantity.ts';
import { indexOf, labelOf } from './labels.ts';
import { see, type SeenPod } from './seen-pod.ts';

/** What metrics-server tells of a pod. */
interface PodMetrics extends KubeObject {
  containers?: { usage?: { cpu?: string; memory?: string } }[];
}

/** What the pods of an experiment take, as the cluster's metrics API has it (half a minute old); none where it has none. */
export async function clusterUsage(cluster: Cluster, experimentId: string): Promise<PodUsage[]> {
  const labelSelector = `${EXPERIMENT_LABEL}=${experimentId}`;
  const [pods, metrics] = await Promise.all([
    cluster.list<Pod>(RESOURCES.pods, { labelSelector }),
    cluster.list<PodMetrics>(RESOURCES.podMetrics, { labelSelector }),
  ]);
  const byName = new Map(metrics.items.map((item) => [item.metadata?.name, item]));
  return pods.items.map(see).flatMap((pod) => {
    const name = plannedName(pod);
    const found = byName.get(pod.name);
    return name === null || found === undefined ? [] : [usageOfPod(name, found)];
  });
}

/** `worker-0-1`, as the plan calls it; null: its labels do not say (nodes of Ray). */
function plannedName(pod: SeenPod): string | null {
  const [type, job, index] = [
    labelOf(pod, 'type'),
    indexOf(pod, 'jobIndex'),
    indexOf(pod, 'completionIndex'),
  ];
  return type === null || job === null || index === null ? null : `${type}-${job}-${index}`;
}

function usageOfPod(pod: string, { containers = [] }: PodMetrics): PodUsage {
  const sum = (key: 'cpu' | 'memory') =>
    containers.reduce((total, { usage }) => total + (parseQuantity(usage?.[key] ?? '') ?? 0), 0);
  return { pod, cpus: sum('cpu'), memory_bytes: Math.round(sum('memory')), gpu: null };
}
