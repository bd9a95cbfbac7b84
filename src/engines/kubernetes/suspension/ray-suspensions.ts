import { mainStart } from '../pod/containers.ts';
import { deletionAskedAt } from '../pod/disruption.ts';
import { labelOf } from '../pod/labels.ts';
import type { AttemptMemory, Suspension } from '../status/model.ts';
import { suspensionsOf, withSuspensions } from './suspensions.ts';
import { isHeld, presentAttempt } from '../workload/ray/ray-attempt.ts';
import type { ToPlace } from '../workload/workload.ts';

/**
 * What is known of the suspensions of a RayJob after one more look. It says neither when nor how often it was suspended:
 * its cluster goes, and another one comes for the same attempt of KubeRay's. A cluster of which no pod has run does not count.
 */
export function rememberRaySuspensions(toPlace: ToPlace): AttemptMemory {
  const { observed, memory, offset, now } = toPlace;
  const { rayjob } = observed;
  const uid = rayjob?.metadata?.uid;
  if (rayjob === null || uid === undefined) return memory;
  const before = suspensionsOf(memory, uid);
  const attempt = offset + presentAttempt(rayjob) + before.length;
  const name = rayjob.status?.rayClusterName;
  const began = (cluster: string) =>
    memory.clusters[cluster] === attempt && startIn(toPlace, cluster) !== null;
  const last = Object.keys(memory.clusters).findLast(began) ?? null;
  const isAnother = Boolean(name) && memory.clusters[name ?? ''] === undefined;
  const isOver = last !== null && (isHeld(rayjob) || isAnother);
  const from = isOver ? (deletionIn(toPlace, last) ?? now.toISOString()) : '';
  const known = isOver ? [...before, { attempt, after: from, from, until: null }] : before;
  return withSuspensions(
    memory,
    uid,
    known.map((each) => ended(each, toPlace)),
  );
}

function ended(suspension: Suspension, toPlace: ToPlace): Suspension {
  if (suspension.until !== null) return suspension;
  const { clusters } = toPlace.memory;
  const next = Object.keys(clusters).filter((name) => clusters[name] === suspension.attempt + 1);
  const [first] = next.flatMap((name) => startIn(toPlace, name) ?? []).toSorted();
  return first === undefined ? suspension : { ...suspension, until: first };
}

function podsOf({ pods }: ToPlace, cluster: string) {
  return pods.filter((pod) => labelOf(pod, 'rayCluster') === cluster);
}

/** When the first of a cluster's pods ran (ISO 8601). */
function startIn(toPlace: ToPlace, cluster: string): string | null {
  return (
    podsOf(toPlace, cluster)
      .flatMap((pod) => mainStart(pod) ?? [])
      .toSorted()[0] ?? null
  );
}

/** When it was wished that all its pods go (ISO 8601). A pod that another one has followed went alone. */
function deletionIn(toPlace: ToPlace, cluster: string): string | null {
  const pods = podsOf(toPlace, cluster);
  const lastMade = Math.max(...pods.map(({ createdAt }) => Date.parse(createdAt ?? '') || 0));
  const asked = pods.flatMap((pod) => deletionAskedAt(pod) ?? []).filter((at) => at >= lastMade);
  return asked.length === 0 ? null : new Date(Math.min(...asked)).toISOString();
}
