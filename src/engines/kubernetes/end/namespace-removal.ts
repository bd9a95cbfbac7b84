import type { Namespace } from 'kubernetes-types/core/v1.js';
import type { Explanation } from '../../../experiment/failure/explain.ts';
import { isClusterError } from '../api/cluster-error.ts';
import type { Cluster } from '../api/cluster.ts';
import { RESOURCES } from '../api/objects.ts';

/**
 * When a namespace is deleted its pods go first, and their workload fails of that: only the namespace itself tells it
 * from pods that were taken away. Null: it stays, or does not let itself be looked at.
 */
export async function namespaceRemoval(
  cluster: Pick<Cluster, 'get' | 'namespace'>,
  { reason }: Pick<Explanation, 'reason'>,
): Promise<Explanation | null> {
  if (reason !== 'Evicted') return null;
  try {
    const found = await cluster.get<Namespace>(RESOURCES.namespaces, cluster.namespace);
    if (found !== null && found.metadata?.deletionTimestamp === undefined) return null;
  } catch (error) {
    if (isClusterError(error)) return null;
    throw error;
  }
  return {
    reason: 'RemovedOutside',
    explanation: `the namespace ${cluster.namespace} was deleted, and everything in it; resubmit to an engine with a namespace that stays`,
  };
}
