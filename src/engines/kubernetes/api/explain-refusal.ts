import type { Explanation } from '../../../experiment/failure/explain.ts';
import { isClusterError, type ClusterError } from './cluster-error.ts';
import type { Cluster } from './cluster.ts';
import { servedVersions, servesKind } from './served.ts';
import { isUnreachable } from './insist.ts';
import { RESOURCES, type Resource } from './objects.ts';

/** Something that the API server did not do for us. */
export interface Refused {
  verb: 'get' | 'create' | 'patch' | 'delete';
  resource: Resource;
  /** Of the object. */
  name: string;
  error: ClusterError;
}

/** What brings each kind that Kubernetes itself does not have. */
const PRODUCTS: Record<string, { product: string; version: string }> = {
  [RESOURCES.jobsets.group]: { product: 'JobSet', version: '0.7 or later' },
  [RESOURCES.rayjobs.group]: { product: 'KubeRay', version: '1.4 or later' },
};

/**
 * What a refusal means and who can change it. What was refused is asked about once more (does the kind exist, the
 * namespace, the permission), because the answer's code alone does not tell those apart; the text never decides.
 */
export async function explainRefusal(cluster: Cluster, refused: Refused): Promise<Explanation> {
  if (refused.error.status === 409) return explainConflict(cluster, refused);
  try {
    return (await lookInto(cluster, refused)) ?? verbatim(cluster, refused);
  } catch (error) {
    if (!isClusterError(error) || isUnreachable(error)) throw error;
    return verbatim(cluster, refused);
  }
}

/** Null: what it says is all there is to say. */
async function lookInto(cluster: Cluster, refused: Refused): Promise<Explanation | null> {
  if (refused.error.status === 404) return explainMissing(cluster, refused);
  return refused.error.status === 403 ? explainForbidden(cluster, refused) : null;
}

/** Somebody else has an object of that name, or a field of ours. */
function explainConflict({ namespace }: Cluster, { resource, name, error }: Refused): Explanation {
  return {
    reason: 'StartFailed',
    explanation: `${resource.kind} ${name} in namespace ${namespace} is held by somebody else: ${error.message}; delete it or end what changes it, and resubmit`,
  };
}

/** Of a kind, a version of it, or the namespace. Null: neither is missing. */
async function explainMissing(cluster: Cluster, { resource }: Refused): Promise<Explanation | null> {
  const missing = await missingKind(cluster, resource);
  if (missing !== null) return { reason: 'EngineUnavailable', explanation: missing };
  const { namespace, server } = cluster;
  if (await isThere(cluster, RESOURCES.namespaces, namespace)) return null;
  return {
    reason: 'EngineUnavailable',
    explanation: `the namespace ${namespace} does not exist on ${server}; a cluster admin can create it, or choose another one for this engine`,
  };
}

/** True also when nobody lets us look. */
async function isThere(cluster: Cluster, resource: Resource, name: string): Promise<boolean> {
  try {
    return (await cluster.get(resource, name)) !== null;
  } catch (error) {
    if (isClusterError(error, 403)) return true;
    throw error;
  }
}

/** Null: the API server has it. */
async function missingKind(cluster: Cluster, resource: Resource): Promise<string | null> {
  const known = PRODUCTS[resource.group];
  if (known === undefined || (await servesKind(cluster, resource))) return null;
  const versions = await servedVersions(cluster, resource.group);
  const { product, version } = known;
  const wanted = `${resource.plural}.${resource.group}/${resource.version}`;
  const cure = `a cluster admin has to install ${product} ${version}`;
  if (versions.length === 0)
    return `${product} is not installed on ${cluster.server} (${wanted} is not there); ${cure}`;
  return `${product} on ${cluster.server} is too old or too new: it has ${resource.group}/${versions.join(', ')}, and ${wanted} is needed; ${cure}`;
}

/** Null: the permission is there, so something else forbade it (a quota, admission). */
async function explainForbidden(cluster: Cluster, { verb, resource }: Refused): Promise<Explanation | null> {
  if (await cluster.may({ verb, resource })) return null;
  const { namespace, server } = cluster;
  const kind = `${resource.plural}${resource.group === '' ? '' : `.${resource.group}`}`;
  return {
    reason: 'EngineUnavailable',
    explanation: `not allowed to ${verb} ${kind} in namespace ${namespace} on ${server}; who administers the namespace can grant it: a Role with the verb ${verb} on ${kind}, bound to this user`,
  };
}

function verbatim({ namespace }: Cluster, { resource, name, error }: Refused): Explanation {
  return {
    reason: 'StartFailed',
    explanation: `the cluster refused ${resource.kind} ${name} in namespace ${namespace}: ${error.message}`,
  };
}
