import { workloadOf } from '../workload/choose-workload.ts';
import type { LimitRange, PersistentVolumeClaim, ResourceQuota } from 'kubernetes-types/core/v1.js';
import type { Plan } from '../../../experiment/plan/plan.ts';
import type { KubernetesSettings } from '../../../render/kubernetes/settings/settings.ts';
import { claimOf } from '../../../render/kubernetes/pod/volumes.ts';
import { isDefault, listClasses } from './storage-classes.ts';
import { isClusterError } from '../api/cluster-error.ts';
import type { Cluster } from '../api/cluster.ts';
import { listNodes, type NodeFacts } from './node/nodes.ts';
import { RESOURCES, type KubeObject, type Resource } from '../api/objects.ts';
import { servesKind } from '../api/served.ts';
import { queueFacts, type QueueFacts } from './namespace/fit-queue.ts';
import { securityRefusals, type SecurityRefusal } from './namespace/pod-security.ts';

/** What a cluster has, as far as it matters for whether a plan can run there. */
export interface Inventory {
  namespace: string;
  /** Null: this user may not list them. */
  nodes: readonly NodeFacts[] | null;
  /** Null: this user may not list them. */
  classes: { names: readonly string[]; standard: string | null } | null;
  /** Claims of the plan that are not there; and those there are, as far as they may be listed. */
  claims: { missing: readonly string[]; known: readonly string[] };
  /** Of the namespace; empty also where this user may not list them. */
  quotas: readonly ResourceQuota[];
  limitRanges: readonly LimitRange[];
  /** Null: the engine has none. */
  queue: QueueFacts | null;
  /** Pods of the plan that its pod security level refuses. */
  security: readonly SecurityRefusal[];
  /** Whether its kind of workload is served. */
  serves: boolean;
}

/** What there is for a plan. Throws ClusterError when the cluster cannot be reached. */
export async function takeInventory(
  cluster: Cluster,
  { plan, settings, nodes, serves }: Taking,
): Promise<Inventory> {
  const workload = workloadOf(plan).resource;
  const [seen, classes, claims, isServed, quotas, limitRanges, security, queue] = await Promise.all([
    nodes(cluster),
    plan.storage.shared_volume === null ? null : classesOf(cluster),
    claimsOf(
      cluster,
      plan.storage.attached.map(({ name }) => claimOf({ settings }, name)),
    ),
    serves(cluster, workload),
    listIfAllowed<ResourceQuota>(cluster, RESOURCES.quotas),
    listIfAllowed<LimitRange>(cluster, RESOURCES.limitRanges),
    securityRefusals(cluster, { plan, settings }),
    queueFacts(cluster, { plan, settings }),
  ]);
  const { namespace } = cluster;
  return { namespace, nodes: seen, classes, claims, quotas, limitRanges, security, queue, serves: isServed };
}

interface Taking {
  plan: Plan;
  settings: KubernetesSettings;
  nodes: NodeLister;
  serves: KindCheck;
}

export type NodeLister = (cluster: Cluster) => Promise<NodeFacts[] | null>;

export type KindCheck = typeof servesKind;

/** Asks until the answer is yes: what is removed after that is told when it is applied. */
export function createKindCheck(): KindCheck {
  const known = new Set<Resource>();
  return async (cluster, resource) => {
    if (known.has(resource)) return true;
    const isServed = await servesKind(cluster, resource);
    if (isServed) known.add(resource);
    return isServed;
  };
}

/** So long a list of nodes is believed: a sweep of submissions asks for one. */
const BELIEVED_MS = 20_000;

/** Lists nodes, at most once in a while. */
export function createNodeLister(now: () => Date): NodeLister {
  let last: { at: number; nodes: Promise<NodeFacts[] | null> } | null = null;
  return (cluster) => {
    const at = now().getTime();
    if (last !== null && Math.abs(at - last.at) < BELIEVED_MS) return last.nodes;
    const asked = { at, nodes: listNodes(cluster) };
    last = asked;
    asked.nodes.catch(() => {
      if (last === asked) last = null;
    });
    return asked.nodes;
  };
}

async function classesOf(cluster: Cluster): Promise<Inventory['classes']> {
  const classes = await listClasses(cluster);
  if (classes === null) return null;
  return {
    names: classes.map(({ metadata }) => metadata?.name ?? ''),
    standard: classes.find(isDefault)?.metadata?.name ?? null,
  };
}

async function claimsOf(cluster: Cluster, wanted: readonly string[]): Promise<Inventory['claims']> {
  const there = await Promise.all(wanted.map((name) => isThere(cluster, name)));
  const missing = wanted.filter((_, index) => there[index] === false);
  return { missing, known: missing.length === 0 ? [] : await listClaims(cluster) };
}

/** True also for one that this user may not look at. */
async function isThere(cluster: Cluster, claim: string): Promise<boolean> {
  try {
    return (await cluster.get(RESOURCES.claims, claim)) !== null;
  } catch (error) {
    if (isClusterError(error, 403)) return true;
    throw error;
  }
}

async function listClaims(cluster: Cluster): Promise<string[]> {
  const items = await listIfAllowed<PersistentVolumeClaim>(cluster, RESOURCES.claims);
  return items.map(({ metadata }) => metadata?.name ?? '');
}

/** Nothing of what this user may not list. */
async function listIfAllowed<T extends KubeObject>(cluster: Cluster, resource: Resource): Promise<T[]> {
  try {
    return (await cluster.list<T>(resource)).items;
  } catch (error) {
    if (isClusterError(error, 403)) return [];
    throw error;
  }
}
