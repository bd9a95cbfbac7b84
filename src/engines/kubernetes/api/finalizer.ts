import { text } from 'node:stream/consumers';
import { OBSERVED_FINALIZER } from '../../../render/kubernetes/pod/pod-template.ts';
import { refusalOf } from './cluster-failure.ts';
import type { Cluster } from './cluster.ts';
import { RESOURCES } from './objects.ts';
import { pathOf } from './paths.ts';

/** Our finalizer keeps it in the cluster. */
export function isHeld({ finalizers }: { finalizers: readonly string[] }): boolean {
  return finalizers.includes(OBSERVED_FINALIZER);
}

/**
 * Takes our finalizer off a pod: what the cluster does with it from now on is no concern of ours. Others that write to
 * it at the same time do not matter. A pod that is gone is fine.
 *
 * @throws ClusterError
 */
export async function release(cluster: Cluster, { name, uid }: { name: string; uid: string }): Promise<void> {
  const path = pathOf(RESOURCES.pods, cluster.namespace, name);
  const answer = await cluster.request(path, {
    method: 'PATCH',
    headers: { 'content-type': 'application/strategic-merge-patch+json' },
    body: JSON.stringify({
      metadata: { uid, '$deleteFromPrimitiveList/finalizers': [OBSERVED_FINALIZER] },
    }),
  });
  const { statusCode = 0 } = answer;
  const body = await text(answer);
  // 409: another pod has the name now.
  if (statusCode >= 300 && statusCode !== 404 && statusCode !== 409)
    throw refusalOf(statusCode, body, answer.headers['retry-after']);
}
