import type { Plan } from '../../../../experiment/plan/plan.ts';
import type { Finding } from '../../../../manifest/diagnostic.ts';
import type { KubernetesSettings } from '../../../../render/kubernetes/settings/settings.ts';
import type { Cluster } from '../../api/cluster.ts';
import { RESOURCES, type KubeObject } from '../../api/objects.ts';
import { parseQuantity } from '../quantity.ts';
import { isMore, needsOf, shown } from './needs.ts';

/** What a queue can give when nothing else runs. */
export interface QueueRoom {
  clusterQueue: string;
  /** Over all flavors, by resource; those that it does not count are not among them. */
  most: ReadonlyMap<string, number>;
}

/** As far as we read it. */
export interface ClusterQueue extends KubeObject {
  spec?: {
    /** `cohort` before v1beta2. */
    cohort?: string;
    cohortName?: string;
    resourceGroups?: {
      flavors?: { name: string; resources?: { name: string; nominalQuota?: string }[] }[];
    }[];
  };
}

/** Null: there is no such queue, or it may borrow from others, so that its own quota is no bound. */
export async function queueRoom(
  cluster: Cluster,
  clusterQueue: string,
  version: string,
): Promise<QueueRoom | null> {
  const found = await cluster.get<ClusterQueue>({ ...RESOURCES.clusterQueues, version }, clusterQueue);
  const { cohort = found?.spec?.cohortName, resourceGroups = [] } = found?.spec ?? {};
  if (found === null || cohort) return null;
  const most = new Map<string, number>();
  for (const { resources = [] } of resourceGroups.flatMap(({ flavors }) => flavors ?? []))
    for (const { name, nominalQuota = '0' } of resources)
      most.set(name, (most.get(name) ?? 0) + (parseQuantity(nominalQuota) ?? Infinity));
  return { clusterQueue, most };
}

/** What needs more than its queue could ever give would wait there for good. */
export function roomFindings(
  plan: Plan,
  { clusterQueue, most }: QueueRoom,
  settings: KubernetesSettings,
): Finding[] {
  const needs = needsOf(plan, settings);
  return [...most].flatMap(([name, room]): Finding[] => {
    const need = needs.get(name === 'pods' ? 'pods' : `requests.${name}`) ?? 0;
    if (!isMore(need, room)) return [];
    const message = `the queue ${settings.queue} has ${shown(name, room)} of ${name} in all (ClusterQueue ${clusterQueue}), and this experiment needs ${shown(name, need)}: it would never be let go`;
    const hint = 'ask for less, name another engine, or have who administers the queue raise its quota';
    return [{ code: 'engine-quota', at: 'key', path: ['spec', 'types'], message, hint }];
  });
}
