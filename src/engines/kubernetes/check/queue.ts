import type { EngineFinding } from '../../engine.ts';
import { isClusterError } from '../api/cluster-error.ts';
import type { Cluster } from '../api/cluster.ts';
import { RESOURCES, type Condition, type KubeObject, type Resource } from '../api/objects.ts';
import { servedVersions } from '../api/served.ts';
import type { ClusterQueue } from '../fit/namespace/queue-room.ts';
import { parseQuantity } from '../fit/quantity.ts';
import { addedAgain, missing, ok, warning } from './finding.ts';
import type { Looked } from './looked.ts';

interface LocalQueue extends KubeObject {
  spec?: { clusterQueue?: string };
  status?: { conditions?: Condition[]; pendingWorkloads?: number; admittedWorkloads?: number };
}

interface FlavorUsage {
  name: string;
  resources?: { name: string; total?: string }[];
}

interface ObservedQueue extends ClusterQueue {
  status?: { flavorsReservation?: FlavorUsage[] };
}

/** What of Kueue is there: its queues; of the one that is set, its flavors, and what of them is free. */
export async function checkQueue(looked: Looked): Promise<EngineFinding[]> {
  const { engine, cluster, settings } = looked;
  const { queue } = settings;
  const [version] = await servedVersions(cluster, RESOURCES.localQueues.group);
  if (version !== undefined)
    return queue === null ? listQueues(cluster, version) : checkNamed(looked, { queue, version });
  if (queue === null) return [];
  const hint = cureOf(engine, cluster, queue);
  return [missing({ name: `queue: ${queue}`, message: 'Kueue is not installed', hint })];
}

/** Where none is set: those there are. */
async function listQueues(cluster: Cluster, version: string): Promise<EngineFinding[]> {
  try {
    const { items } = await cluster.list<LocalQueue>(of(RESOURCES.localQueues, version));
    if (items.length === 0) return [];
    const names = items.map(({ metadata }) => metadata?.name ?? '').toSorted();
    return [ok({ name: 'queues', message: `Kueue has ${names.join(', ')} here; --queue uses one` })];
  } catch (error) {
    if (isClusterError(error, 403)) return [];
    throw error;
  }
}

interface Named {
  queue: string;
  version: string;
}

async function checkNamed(
  { engine, cluster, settings }: Looked,
  { queue, version }: Named,
): Promise<EngineFinding[]> {
  const name = `queue: ${queue}`;
  const found = await readable(() => cluster.get<LocalQueue>(of(RESOURCES.localQueues, version), queue));
  if (found === 'hidden') return [ok({ name, message: 'this user may not look at it' })];
  if (found === null) {
    const message = `there is no LocalQueue ${queue} in ${cluster.namespace}`;
    return [missing({ name, message, hint: cureOf(engine, cluster, queue) })];
  }
  const leadsTo = found.spec?.clusterQueue ?? null;
  const leads = `leads to ${leadsTo ?? 'no ClusterQueue'}`;
  const { pendingWorkloads: waiting = 0, admittedWorkloads: admitted = 0 } = found.status ?? {};
  const counts = `${admitted} admitted, ${waiting} waiting`;
  const active = found.status?.conditions?.find(({ type }) => type === 'Active');
  const why = active?.message ?? active?.reason ?? 'it does not say why';
  const own =
    active?.status === 'False'
      ? warning({
          name,
          message: `${leads}, but is not active: ${why}`,
          hint: 'a cluster admin looks after it',
        })
      : ok({ name, message: `${leads}; ${counts}` });
  return [
    own,
    ...(leadsTo === null ? [] : await checkFlavors(cluster, leadsTo, version)),
    ...(await checkPriority(cluster, settings.queue_priority, version)),
  ];
}

/** Only who may look beyond the namespace knows what there is to be had. */
async function checkFlavors(cluster: Cluster, queue: string, version: string): Promise<EngineFinding[]> {
  const found = await readable(() => cluster.get<ObservedQueue>(of(RESOURCES.clusterQueues, version), queue));
  if (found === 'hidden' || found === null) return [];
  const { cohort = found.spec?.cohortName, resourceGroups = [] } = found.spec ?? {};
  const lends = cohort ? `; it may borrow in the cohort ${cohort}` : '';
  const flavors = resourceGroups.flatMap((group) => group.flavors ?? []);
  return flavors.map((flavor) => {
    const used = found.status?.flavorsReservation?.find(({ name }) => name === flavor.name)?.resources ?? [];
    const free = (flavor.resources ?? []).map(({ name, nominalQuota = '0' }) => {
      const taken = used.find((each) => each.name === name)?.total ?? '0';
      return `${name} ${shown(name, amount(nominalQuota) - amount(taken))} of ${nominalQuota} free`;
    });
    return ok({ name: `flavor: ${flavor.name}`, message: `${free.join(', ')} in ${queue}${lends}` });
  });
}

async function checkPriority(
  cluster: Cluster,
  priority: string | null,
  version: string,
): Promise<EngineFinding[]> {
  if (priority === null) return [];
  const name = `queue_priority: ${priority}`;
  const found = await readable(() => cluster.get(of(RESOURCES.workloadPriorities, version), priority));
  if (found === 'hidden') return [ok({ name, message: 'this user may not look at it' })];
  if (found !== null) return [ok({ name, message: 'is there' })];
  const hint = 'a cluster admin creates it; or name another one with --set queue_priority=NAME';
  return [missing({ name, message: 'there is no WorkloadPriorityClass of that name', hint })];
}

function cureOf(engine: string, { namespace }: Cluster, queue: string): string {
  return `a cluster admin installs Kueue and creates the LocalQueue ${queue} in ${namespace}; or ${addedAgain(engine)} without --queue`;
}

async function readable<T>(read: () => Promise<T>): Promise<T | 'hidden'> {
  try {
    return await read();
  } catch (error) {
    if (isClusterError(error, 403)) return 'hidden';
    throw error;
  }
}

/** Any version that is served will do. */
function of(resource: Resource, version: string): Resource {
  return { ...resource, version };
}

function amount(quantity: string): number {
  return parseQuantity(quantity) ?? 0;
}

function shown(name: string, value: number): string {
  if (!/memory|storage/.test(name)) return String(Math.round(value * 1000) / 1000);
  return `${Math.round((value / 2 ** 30) * 100) / 100}Gi`;
}
