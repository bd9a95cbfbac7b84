import { plannedPods, type PlannedPod } from '../../../experiment/plan/planned-pods.ts';
import type { Plan } from '../../../experiment/plan/plan.ts';
import { isHeld } from '../api/finalizer.ts';
import { containerViews } from '../pod/containers.ts';
import type { SeenPod } from '../pod/seen-pod.ts';
import type { Observed } from '../watch/observed.ts';
import type { Workload } from '../workload/workload.ts';
import type { AttemptMemory, CreatedWorkload, Place, PlacedPod, PodObject } from './model.ts';
import { offsetOf } from './view-workload.ts';

interface ToPlace {
  plan: Plan;
  workload: Workload;
  observed: Observed;
  workloads: readonly CreatedWorkload[];
  memory: AttemptMemory;
}

/** Every pod of the experiment that stands for a planned one, in order of attempt, rank and creation. */
export function placePods(input: ToPlace): { placed: PlacedPod[]; memory: AttemptMemory } {
  const { observed, plan, workload } = input;
  const there = new Set(observed.pods.map(({ uid }) => uid));
  const pods = [...observed.pods, ...observed.gone.filter(({ uid }) => !there.has(uid))];
  const gone = new Set(pods.map(({ uid }) => uid).filter((uid) => !there.has(uid)));
  const { places, memory } = workload.place({ ...input, pods, gone, offset: offsetOf(input) });
  const index = planIndex(plan);
  const placed = pods.flatMap((source): PlacedPod[] => {
    const place = places.get(source.uid);
    const planned = place === undefined ? undefined : index.get(place.pod);
    if (place === undefined || planned === undefined) return [];
    return [
      { source, object: objectOf(source, { ...place, rank: planned.rank, gone: gone.has(source.uid) }) },
    ];
  });
  return { placed: placed.toSorted(inOrder), memory };
}

/** The planned pods by our names for them. */
function planIndex(plan: Pick<Plan, 'groups'>): ReadonlyMap<string, PlannedPod> {
  return new Map(plannedPods(plan).map((planned) => [planned.pod, planned]));
}

function objectOf(
  source: SeenPod,
  { pod, attempt, rank, gone }: Place & { rank: number; gone: boolean },
): PodObject {
  return {
    pod,
    attempt,
    rank,
    objectName: source.name,
    uid: source.uid,
    containers: containerViews(source, gone),
    hasFinalizer: isHeld(source),
    deleting: source.deletion !== null,
    gone,
    createdAt: source.createdAt,
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
