import type { Cluster } from './cluster.ts';
import { readDocument, textAt } from './document.ts';

/** `v1.36.4`. Throws ClusterError when the API server cannot be reached or refuses this user. */
export async function serverVersion(cluster: Cluster): Promise<string> {
  const told = await readDocument(cluster, '/version');
  return textAt(told, 'gitVersion') ?? `${textAt(told, 'major') ?? '?'}.${textAt(told, 'minor') ?? '?'}`;
}
