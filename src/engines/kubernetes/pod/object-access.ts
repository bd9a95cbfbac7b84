import type { Secret } from 'kubernetes-types/core/v1.js';
import type { NoAccess, ObjectAccess } from '../../../object-store/client/access.ts';
import { accessWith } from '../../../object-store/credentials/access-with.ts';
import type { FoundCredentials } from '../../../object-store/credentials/find.ts';
import type { KubernetesSettings } from '../../../render/kubernetes/settings/settings.ts';
import type { ObjectPods } from '../../engine.ts';
import { isOfStore, storeVariables } from '../../store-variables.ts';
import { isClusterError } from '../api/cluster-error.ts';
import type { Cluster } from '../api/cluster.ts';
import { RESOURCES } from '../api/objects.ts';

/**
 * What an experiment's pods have for the object store: variables of the project's Secret, and their own, which beat those; else what
 * the control plane finds for itself.
 */
export async function objectAccess(
  cluster: Pick<Cluster, 'get' | 'namespace'>,
  settings: Pick<KubernetesSettings, 'project_secret' | 'storage'>,
  pods: ObjectPods,
  find: (() => Promise<FoundCredentials>) | null = null,
): Promise<ObjectAccess | NoAccess> {
  const ofCluster = await projectVariables(cluster, settings.project_secret);
  if (ofCluster === null)
    return {
      why: `the control plane may not read the Secret ${settings.project_secret} of ${cluster.namespace}, which holds the keys for it: whoever administers ${cluster.namespace} allows it to get Secrets`,
    };
  const project = { ...ofCluster, ...pods.project };
  return accessWith({ project, own: storeVariables(pods), endpoint: settings.storage.s3_endpoint }, find);
}

/** Null: they may not be read. */
async function projectVariables(
  cluster: Pick<Cluster, 'get'>,
  secret: string | null,
): Promise<Record<string, string> | null> {
  if (secret === null) return {};
  try {
    const data = (await cluster.get<Secret>(RESOURCES.secrets, secret))?.data ?? {};
    const wanted = Object.entries(data).filter(([name]) => isOfStore(name));
    return Object.fromEntries(
      wanted.map(([name, value]) => [name, Buffer.from(value, 'base64').toString('utf8')]),
    );
  } catch (error) {
    if (isClusterError(error, 403)) return null;
    throw error;
  }
}
