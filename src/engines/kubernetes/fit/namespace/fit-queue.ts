import { didYouMean } from '../../../../base/text/did-you-mean.ts';
import type { Plan } from '../../../../experiment/plan/plan.ts';
import type { Finding } from '../../../../manifest/diagnostic.ts';
import { queuePriority } from '../../../../render/kubernetes/jobset.ts';
import type { KubernetesSettings } from '../../../../render/kubernetes/settings/settings.ts';
import { isClusterError } from '../../api/cluster-error.ts';
import type { Cluster } from '../../api/cluster.ts';
import { RESOURCES, type KubeObject } from '../../api/objects.ts';
import { servedVersions } from '../../api/served.ts';
import { queueRoom, roomFindings, type QueueRoom } from './queue-room.ts';

/** What there is of the queue that an engine names. */
export interface QueueFacts {
  /** The API group of Kueue is served. */
  installed: boolean;
  /** The LocalQueue is in the namespace; true also where that may not be looked at. */
  isThere: boolean;
  /** Names of WorkloadPriorityClasses; null: nobody asked, or they may not be looked at. */
  priorities: readonly string[] | null;
  /** Null: no bound of it is known. */
  room: QueueRoom | null;
}

interface Asked {
  plan: Plan;
  settings: KubernetesSettings;
}

/** Null: the engine has no queue. Throws ClusterError when the cluster cannot be reached. */
export async function queueFacts(cluster: Cluster, { plan, settings }: Asked): Promise<QueueFacts | null> {
  const { queue } = settings;
  if (queue === null) return null;
  const [version] = await servedVersions(cluster, RESOURCES.localQueues.group);
  if (version === undefined) return { installed: false, isThere: false, priorities: null, room: null };
  const isWanted = queuePriority({ plan, settings }) !== null;
  const [found, priorities] = await Promise.all([
    unlessHidden(cluster.get<LocalQueue>({ ...RESOURCES.localQueues, version }, queue)),
    isWanted ? unlessHidden(prioritiesOf(cluster, version)) : undefined,
  ]);
  const leadsTo = found?.spec?.clusterQueue;
  const room = leadsTo === undefined ? null : await unlessHidden(queueRoom(cluster, leadsTo, version));
  return { installed: true, isThere: found !== null, priorities: priorities ?? null, room: room ?? null };
}

interface LocalQueue extends KubeObject {
  spec?: { clusterQueue?: string };
}

async function prioritiesOf(cluster: Cluster, version: string): Promise<string[]> {
  const { items } = await cluster.list<KubeObject>({ ...RESOURCES.workloadPriorities, version });
  return items.map(({ metadata }) => metadata?.name ?? '').toSorted();
}

/** Undefined: this user may not look at it. */
async function unlessHidden<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (isClusterError(error, 403)) return undefined;
    throw error;
  }
}

/** A queue or a priority that is not there: Kueue would hold the experiment back without an end, or not at all. */
export function queueFindings(
  plan: Plan,
  facts: QueueFacts | null,
  { engine, settings, namespace }: { engine: string; settings: KubernetesSettings; namespace: string },
): Finding[] {
  const path = ['spec', 'queuePriority'];
  if (facts === null) {
    if (plan.queue_priority === undefined) return [];
    const message = `spec.queuePriority has no effect: the engine ${engine} uses no queue`;
    return [
      { code: 'engine-no-queue', path, at: 'key', message, hint: 'leave it out, or name another engine' },
    ];
  }
  const check = `aichor engines check ${engine} says who can change that`;
  if (!facts.installed || !facts.isThere) {
    const lack = facts.installed
      ? `there is no LocalQueue ${settings.queue} in ${namespace}`
      : 'Kueue is not installed';
    const message = `the engine ${engine} uses the queue ${settings.queue}, but ${lack}`;
    return [{ code: 'engine-queue', path: ['spec'], at: 'key', message, hint: check }];
  }
  const tooLarge = facts.room === null ? [] : roomFindings(plan, facts.room, settings);
  return [...priorityFindings(plan, facts, { engine, settings }), ...tooLarge];
}

function priorityFindings(
  plan: Plan,
  { priorities }: QueueFacts,
  { engine, settings }: { engine: string; settings: KubernetesSettings },
): Finding[] {
  const wanted = queuePriority({ plan, settings });
  if (wanted === null || priorities === null || priorities.includes(wanted)) return [];
  const meant = didYouMean(wanted, priorities);
  const there = priorities.length === 0 ? 'there are none' : `there are ${priorities.join(', ')}`;
  const isOwn = plan.queue_priority !== undefined;
  return [
    {
      code: 'engine-queue',
      path: isOwn ? ['spec', 'queuePriority'] : ['spec'],
      at: isOwn ? 'value' : 'key',
      message: `there is no WorkloadPriorityClass ${wanted}${isOwn ? '' : `, which the engine ${engine} names (queue_priority)`}`,
      hint: meant === null ? there : `did you mean "${meant}"? ${there}`,
    },
  ];
}
