import type { Group } from '../../../../experiment/plan/plan.ts';
import { deletionAskedAt } from '../../pod/disruption.ts';
import { indexOf, labelOf } from '../../pod/labels.ts';
import type { SeenPod } from '../../pod/seen-pod.ts';
import type { AttemptMemory, Place } from '../../status/model.ts';
import { suspensionsOf } from '../../suspension/suspensions.ts';
import { attemptOfRayJob, presentAttempt } from './ray-attempt.ts';
import { rememberRaySuspensions } from '../../suspension/ray-suspensions.ts';
import type { ToPlace } from '../workload.ts';

/**
 * Our names for the pods of a RayJob, and their attempts, by uid. Each attempt has a Ray cluster of its own. KubeRay
 * numbers workers since 1.6; where it does not, they get the lowest number that is free, in order of creation, and
 * keep it (`memory`).
 */
export function placeRayPods(toPlace: ToPlace): { places: Map<string, Place>; memory: AttemptMemory } {
  const input = { ...toPlace, memory: rememberRaySuspensions(toPlace) };
  const clusters = rememberClusters(input);
  const places = new Map<string, Place>();
  const nodes: { pod: SeenPod; attempt: number }[] = [];
  for (const pod of byCreation(input.pods)) {
    const attempt = attemptOfPod(pod, clusters, input);
    const type = typeOf(pod);
    if (type === 'head') places.set(pod.uid, { pod: 'head-0-0', attempt });
    else if (type === 'submitter') places.set(pod.uid, { pod: 'submitter-0-0', attempt });
    else if (type !== null) nodes.push({ pod, attempt });
  }
  const workers = placeWorkers(nodes, input, places);
  return { places, memory: { ...input.memory, clusters, workers } };
}

/** A type's name in the plan: `head`, `submitter`, or a worker group's. */
function typeOf(pod: SeenPod): string | null {
  const node = labelOf(pod, 'rayNodeType');
  if (node === 'head') return 'head';
  if (node === 'worker') return labelOf(pod, 'rayGroup');
  return labelOf(pod, 'type');
}

/** The cluster that the RayJob names now is that of its present attempt; in `Retrying`, of the one that failed. */
function rememberClusters({ observed, offset, memory, pods }: ToPlace): Record<string, number> {
  const { rayjob } = observed;
  const name = rayjob?.status?.rayClusterName;
  if (!name) return memory.clusters;
  const suspended = suspensionsOf(memory, rayjob?.metadata?.uid).length;
  const known = memory.clusters[name] ?? offset + presentAttempt(rayjob) + suspended;
  const clusters: Record<string, number> = { ...memory.clusters, [name]: known };
  for (const pod of pods) {
    const job = labelOf(pod, 'rayCluster') === null ? pod.controller : null;
    const attempt = clusters[clusterOf(pod) ?? ''];
    if (job !== null && attempt !== undefined) clusters[job] = attempt;
  }
  return clusters;
}

/**
 * The attempt of a pod whose cluster the RayJob did not name (yet, or any more): the one after those that began before
 * it, or before those that began after it.
 */
function attemptOfPod(pod: SeenPod, clusters: Record<string, number>, input: ToPlace): number {
  const known = clusters[clusterOf(pod) ?? ''] ?? clusters[pod.controller ?? ''];
  if (known !== undefined) return known;
  const { observed, offset, pods } = input;
  const others = pods.flatMap((other) => {
    const attempt = clusters[labelOf(other, 'rayCluster') ?? ''];
    return attempt === undefined
      ? []
      : [{ attempt, isLater: (other.createdAt ?? '') > (pod.createdAt ?? '') }];
  });
  const before = others.filter(({ isLater }) => !isLater).map(({ attempt }) => attempt);
  const after = others.filter(({ isLater }) => isLater).map(({ attempt }) => attempt);
  const isNode = clusterOf(pod) !== null;
  if (before.length > 0) return Math.max(...before) + (isNode ? 1 : 0);
  if (after.length > 0) return Math.max(1, Math.min(...after) - 1);
  const suspended = suspensionsOf(input.memory, observed.rayjob?.metadata?.uid).length;
  return offset + attemptOfRayJob(observed.rayjob) + suspended;
}

/** Name of the Ray cluster that a pod is of; the submitter knows it as the address of the head. */
function clusterOf(pod: SeenPod): string | null {
  const address = /^(?:https?:\/\/)?([^./:]+)-head-svc\b/.exec(pod.dashboardAddress ?? '');
  return labelOf(pod, 'rayCluster') ?? address?.[1] ?? null;
}

/** Gives each worker a place in its group; those that KubeRay numbered keep that number. */
function placeWorkers(
  nodes: readonly { pod: SeenPod; attempt: number }[],
  { plan, memory, gone }: ToPlace,
  places: Map<string, Place>,
): Record<string, string> {
  const workers: Record<string, string> = {};
  const taken = new Set<string>();
  const take = (pod: SeenPod, attempt: number, index: string) => {
    places.set(pod.uid, { pod: `${typeOf(pod)}-${index}`, attempt });
    const isThere = !gone.has(pod.uid) && deletionAskedAt(pod) === null;
    if (isThere) taken.add(`${attempt}/${typeOf(pod)}-${index}`);
  };
  const unnumbered: (typeof nodes)[number][] = [];
  for (const { pod, attempt } of nodes) {
    const group = plan.groups.find(({ name }) => name === typeOf(pod));
    const index = group === undefined ? null : (numberOf(pod, group) ?? memory.workers[pod.uid] ?? null);
    if (group === undefined) continue;
    if (index === null) unnumbered.push({ pod, attempt });
    else take(pod, attempt, index);
    const remembered = memory.workers[pod.uid];
    if (remembered !== undefined) workers[pod.uid] = remembered;
  }
  for (const { pod, attempt } of unnumbered) {
    const group = plan.groups.find(({ name }) => name === typeOf(pod));
    const free =
      group === undefined
        ? null
        : freeIndex(group, (index) => taken.has(`${attempt}/${group.name}-${index}`));
    if (free === null) continue;
    take(pod, attempt, free);
    workers[pod.uid] = free;
  }
  return workers;
}

/** `<replica>-<host>` as KubeRay numbers it, where that is a number the plan has. */
function numberOf(pod: SeenPod, { replicas, completions }: Group): string | null {
  const replica = indexOf(pod, 'rayReplica');
  const host = completions > 1 ? indexOf(pod, 'rayHost') : 0;
  if (replica === null || host === null || replica >= replicas || host >= completions) return null;
  return `${replica}-${host}`;
}

function freeIndex({ replicas, completions }: Group, isTaken: (index: string) => boolean): string | null {
  for (let replica = 0; replica < replicas; replica++) {
    for (let host = 0; host < completions; host++) {
      if (!isTaken(`${replica}-${host}`)) return `${replica}-${host}`;
    }
  }
  return null;
}

/** The order must not depend on who told of which pod first. */
function byCreation(pods: readonly SeenPod[]): SeenPod[] {
  const key = ({ createdAt, name }: SeenPod) => `${createdAt ?? ''} ${name}`;
  return pods.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
}
