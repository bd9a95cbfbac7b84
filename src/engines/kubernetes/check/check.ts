import type { KubernetesSettings } from '../../../render/kubernetes/settings/settings.ts';
import type { EngineFinding } from '../../engine.ts';
import { isClusterError } from '../api/cluster-error.ts';
import type { Cluster } from '../api/cluster.ts';
import type { Looked } from './looked.ts';
import { checkLeftovers } from './leftovers.ts';
import { checkNodes } from './nodes.ts';
import { checkProducts } from './products.ts';
import { checkQueue } from './queue.ts';
import { checkNamespace, checkRights } from './rights.ts';
import { checkSecrets } from './secrets.ts';
import { checkStorage } from './storage.ts';
import { checked, missing, ok } from './finding.ts';
import { readDocument, textAt } from '../api/document.ts';
import { serverVersion } from '../api/server-version.ts';
import { troubleOf } from '../fit/trouble.ts';

interface Checking {
  /** Name of the engine. */
  engine: string;
  settings: KubernetesSettings;
  now: () => Date;
}

/**
 * Everything an engine needs of its cluster, each as a finding that says what is missing and who can grant it. The first
 * is whether the cluster can be reached; where it cannot, it is the only one.
 */
export async function checkCluster(
  connect: () => Promise<Cluster>,
  { engine, settings, now }: Checking,
): Promise<EngineFinding[]> {
  let cluster: Cluster | null = null;
  try {
    cluster = await connect();
    const version = await serverVersion(cluster);
    const user = await ownName(cluster);
    const as = user === null ? '' : ` as ${user}`;
    const reached = ok({ name: 'connection', message: `Kubernetes ${version} at ${cluster.server}${as}` });
    return [reached, ...(await checkAll({ engine, cluster, settings, user, now: now() }))];
  } catch (error) {
    return [missing({ name: 'connection', ...troubleOf(error) })];
  } finally {
    cluster?.close();
  }
}

async function checkAll(looked: Looked): Promise<EngineFinding[]> {
  const findings = await Promise.all([
    checked('namespace', () => checkNamespace(looked)),
    checked('products', () => checkProducts(looked)),
    checked('rights', () => checkRights(looked)),
    checked('secrets', () => checkSecrets(looked)),
    checked('storage', () => checkStorage(looked)),
    checked('nodes', () => checkNodes(looked)),
    checked('queue', () => checkQueue(looked)),
    checked('leftovers', () => checkLeftovers(looked)),
  ]);
  return findings.flat();
}

/** The name under which the cluster knows this user; null where it does not tell. */
async function ownName(cluster: Cluster): Promise<string | null> {
  const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
  try {
    const answer = await readDocument(cluster, '/apis/authentication.k8s.io/v1/selfsubjectreviews', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(review),
    });
    return textAt(answer, 'status', 'userInfo', 'username');
  } catch (error) {
    if (isClusterError(error)) return null;
    throw error;
  }
}
