import type { Namespace } from 'kubernetes-types/core/v1.js';
import type { EngineFinding } from '../../engine.ts';
import type { Looked } from './looked.ts';
import { isClusterError } from '../api/cluster-error.ts';
import type { Cluster } from '../api/cluster.ts';
import { RESOURCES } from '../api/objects.ts';
import { servedVersions } from '../api/served.ts';
import {
  missingRights,
  OPTIONAL_RIGHTS,
  RIGHTS,
  rightName,
  type OptionalRight,
  type Right,
} from './verbs.ts';
import { LEVEL_LABEL } from '../fit/namespace/pod-security.ts';
import { addedAgain, missing, ok, warning } from './finding.ts';

/** Whether it is there, and whether it takes pods that run as their image says. */
export async function checkNamespace({ engine, cluster, settings }: Looked): Promise<EngineFinding> {
  const name = 'namespace';
  const found = await readNamespace(cluster);
  if (found === 'hidden') return ok({ name, message: `${cluster.namespace}; this user may not look at it` });
  if (found === null) {
    return missing({
      name,
      message: `there is no namespace ${cluster.namespace}`,
      hint: `a cluster admin: kubectl create namespace ${cluster.namespace}; or ${addedAgain(engine)} and --namespace`,
    });
  }
  const level = found.metadata?.labels?.[LEVEL_LABEL];
  if (found.metadata?.deletionTimestamp !== undefined) {
    return missing({
      name,
      message: `${cluster.namespace} is being deleted`,
      hint: `${addedAgain(engine)} and --namespace`,
    });
  }
  const isMade = settings.pod_security === 'restricted';
  if (level !== 'restricted' || isMade) return ok({ name, message: cluster.namespace });
  return missing({
    name,
    message: `${cluster.namespace} takes pods of the security level "restricted" only`,
    hint: `${addedAgain(engine)} and --set pod_security=restricted (no image builds there; images whose user is no root, or runAsUser in the manifest); or a cluster admin: kubectl label namespace ${cluster.namespace} pod-security.kubernetes.io/enforce=baseline --overwrite (privileged where images are built or spec.securityContext adds capabilities)`,
  });
}

async function readNamespace(cluster: Cluster): Promise<Namespace | null | 'hidden'> {
  try {
    return await cluster.get<Namespace>(RESOURCES.namespaces, cluster.namespace);
  } catch (error) {
    if (isClusterError(error, 403)) return 'hidden';
    throw error;
  }
}

/** Every verb on every kind of object that the engine touches, and the one beyond its namespace that helps. */
export async function checkRights(looked: Looked): Promise<EngineFinding[]> {
  const { cluster } = looked;
  const [lacking, blind, seesNodes] = await Promise.all([
    missingRights(cluster, RIGHTS),
    optionalOf(looked).then((rights) => missingRights(cluster, rights)),
    cluster.may({ verb: 'list', resource: RESOURCES.nodes }),
  ]);
  const verbs = RIGHTS.reduce((sum, right) => sum + right.verbs.length, 0);
  const all = ok({ name: 'rights', message: `all ${verbs} that are needed in ${cluster.namespace}` });
  return [
    ...(lacking.length === 0 ? [all] : lacking.map((right) => refusedRight(looked, right))),
    ...blind.map((right) => optionalRight(looked, right)),
    ...(seesNodes ? [] : [nodesHidden(looked)]),
  ];
}

/** Those that are of use in this cluster, as the engine is set. */
async function optionalOf({ cluster, settings }: Looked): Promise<OptionalRight[]> {
  const wanted = OPTIONAL_RIGHTS.filter(({ queued }) => queued !== true || settings.queue !== null);
  const groups = new Set(wanted.flatMap(({ group }) => group ?? []));
  const served = new Set<string>();
  for (const group of groups) if (await isServed(cluster, group)) served.add(group);
  return wanted.filter(({ group }) => group === undefined || served.has(group));
}

/** Where that is not told nothing is: what is needed is not held up by what is not. */
async function isServed(cluster: Cluster, group: string): Promise<boolean> {
  try {
    return (await servedVersions(cluster, group)).length > 0;
  } catch (error) {
    if (isClusterError(error)) return false;
    throw error;
  }
}

function optionalRight(looked: Looked, right: OptionalRight): EngineFinding {
  const { name, message, hint } = refusal(looked, right, 'optional-');
  return warning({ name, message: `${message}; without it ${right.without}`, hint });
}

/** @param kind tells its Role from one for the same kind of object that is made beside it */
function refusal({ cluster, user }: Looked, right: Right, kind = '') {
  const { namespace } = cluster;
  const name = rightName(right);
  const what = `${right.verbs.join(', ')} ${name}`;
  const role = `aichor-${kind}${right.resource.plural}${right.subresource === undefined ? '' : `-${right.subresource}`}`;
  return {
    name: `rights: ${name}`,
    message: `not allowed in ${namespace}: ${what}`,
    hint:
      `whoever administers ${namespace}: kubectl -n ${namespace} create role ${role} --verb=${right.verbs.join(',')} --resource=${name}` +
      ` && kubectl -n ${namespace} create rolebinding ${role} --role=${role} ${bound(user)}`,
  };
}

function refusedRight(looked: Looked, right: Right): EngineFinding {
  const said = refusal(looked, right);
  return right.ray
    ? warning({ ...said, message: `${said.message} (for the operator kuberay)` })
    : missing(said);
}

function nodesHidden({ user }: Looked): EngineFinding {
  return warning({
    name: 'rights: nodes',
    message:
      'not allowed to list nodes: what the cluster has is not known, and a manifest that fits no node is only noticed when its pods wait',
    hint: `a cluster admin: kubectl create clusterrole aichor-nodes --verb=list --resource=nodes && kubectl create clusterrolebinding aichor-nodes --clusterrole=aichor-nodes ${bound(user)}`,
  });
}

/** How kubectl binds a role to this user. */
function bound(user: string | null): string {
  const [, namespace, account] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(user ?? '') ?? [];
  return account === undefined ? `--user=${user ?? 'USER'}` : `--serviceaccount=${namespace}:${account}`;
}
