import type { Cluster } from './cluster.ts';
import { listAt, readDocument, textAt } from './document.ts';
import type { Resource } from './objects.ts';

/** Versions of an API group, the preferred one first; none: it is not installed. Throws ClusterError. */
export async function servedVersions(cluster: Cluster, group: string): Promise<string[]> {
  const found = await readDocument(cluster, `/apis/${group}`);
  return listAt(found, 'versions').flatMap((each) => textAt(each, 'version') ?? []);
}

/** Whether the API server has this kind in this version. Throws ClusterError. */
export async function servesKind(cluster: Cluster, { group, version, plural }: Resource): Promise<boolean> {
  const found = await readDocument(cluster, `/apis/${group}/${version}`);
  return listAt(found, 'resources').some((each) => textAt(each, 'name') === plural);
}
