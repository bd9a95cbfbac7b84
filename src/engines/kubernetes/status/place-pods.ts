import type { Plan } from '../../../experiment/plan.ts';
import type { AttemptMemory, CreatedWorkload } from './attempt-view.ts';
import { containerViews } from '../pod/containers.ts';
import { isHeld } from '../api/finalizer.ts';
import type { Observed, Pod } from '../api/objects.ts';
import { jobSetPodName, labelOf, planIndex, restartsBefore, uidOf } from '../pod/labels.ts';
import type { PodObject } from './pod-view.ts';
import { placeRayPods, type Place } from '../workload/ray-places.ts';

/** A pod object with its place in the plan. */
export interface PlacedPod {
  object: PodObject;
  source: Pod;
}

interface ToPlace {
  plan: Plan;
  observed: Observed;
  workloads: readonly CreatedWorkload[];
  memory: AttemptMemory;
}

/** Every pod of the experiment that stands for a planned one, in order of attempt, rank and creation. */
export function placePods(input: ToPlace): { placed: PlacedPod[]; memory: AttemptMemory } {
  const { observed, plan } = input;
  const there = new Set(observed.pods.map(uidOf));
  const pods = [...observed.pods, ...observed.gone.filter((pod) => !there.has(uidOf(pod)))];
  const gone = new Set(pods.map(uidOf).filter((uid) => !there.has(uid)));
  const offset = offsetOf(input);
  const { places, memory } =
    plan.operator === 'kuberay'
      ? placeRayPods({ plan, observed, pods, gone, offset, memory: input.memory })
      : { places: placeJobSetPods(pods, input), memory: input.memory };
  const index = planIndex(plan);
  const placed = pods.flatMap((source): PlacedPod[] => {
    const place = places.get(uidOf(source));
    const planned = place === undefined ? undefined : index.get(place.pod);
    if (place === undefined || planned === undefined) return [];
    return [
      { source, object: objectOf(source, { ...place, rank: planned.rank, gone: gone.has(uidOf(source)) }) },
    ];
  });
  return { placed: placed.toSorted(inOrder), memory };
}

/** Attempts before the first of the present workload. */
export function offsetOf({ observed, workloads }: Pick<ToPlace, 'observed' | 'workloads'>): number {
  const uid = (observed.jobset ?? observed.rayjob)?.metadata?.uid;
  return (workloads.find((each) => each.uid === uid) ?? workloads.at(-1))?.offset ?? 0;
}

function placeJobSetPods(pods: readonly Pod[], input: ToPlace): Map<string, Place> {
  const present = offsetOf(input);
  const places = new Map<string, Place>();
  for (const pod of pods) {
    const name = jobSetPodName(pod);
    const uid = labelOf(pod, 'jobsetUid');
    const offset = input.workloads.find((each) => each.uid === uid)?.offset ?? present;
    if (name !== null) places.set(uidOf(pod), { pod: name, attempt: offset + restartsBefore(pod) + 1 });
  }
  return places;
}

function objectOf(
  source: Pod,
  { pod, attempt, rank, gone }: Place & { rank: number; gone: boolean },
): PodObject {
  const { metadata } = source;
  return {
    pod,
    attempt,
    rank,
    objectName: metadata?.name ?? '',
    uid: uidOf(source),
    containers: containerViews(source, gone),
    hasFinalizer: isHeld(source),
    deleting: metadata?.deletionTimestamp !== undefined,
    gone,
    createdAt: metadata?.creationTimestamp ?? null,
  };
}

function inOrder({ object: a }: PlacedPod, { object: b }: PlacedPod): number {
  return (
    a.attempt - b.attempt ||
    a.rank - b.rank ||
    compare(a.createdAt ?? '', b.createdAt ?? '') ||
    compare(a.objectName, b.objectName)
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
