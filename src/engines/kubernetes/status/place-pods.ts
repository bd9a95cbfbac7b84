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
  now: Date;
}

/** Every pod of the experiment that stands for a planned one, in order of attempt, rank and creation. */
export function placePods(input: ToPlace): { placed: PlacedPod[]; memory: AttemptMemory } {
  const { observed, plan, workload } = input;
  const left = leftOf(observed);
  const pods = [...observed.pods, ...left];
  const gone = new Set(left.map(({ uid }) => uid));
  const { places, memory } = workload.place({ ...input, pods, gone, offset: offsetOf(input) });
  const index = planIndex(plan);
  const all: PlacedPod[] = [];
  for (const source of pods) {
    const place = places.get(source.uid);
    const planned = place === undefined ? undefined : index.get(place.pod);
    if (place === undefined || planned === undefined) continue;
    all.push(placed(source, { ...place, rank: planned.rank, gone: gone.has(source.uid) }));
  }
  return { placed: all.sort(inOrder), memory };
}

/** Pods that are gone and did not come back. */
function leftOf({ pods, gone }: Observed): SeenPod[] {
  if (gone.length === 0) return [];
  const there = new Set(pods.map(({ uid }) => uid));
  return gone.filter(({ uid }) => !there.has(uid));
}

const indexes = new WeakMap<readonly PlannedPod[], ReadonlyMap<string, PlannedPod>>();

/** The planned pods by our names for them. */
function planIndex(plan: Pick<Plan, 'groups'>): ReadonlyMap<string, PlannedPod> {
  const planned = plannedPods(plan);
  const index = indexes.get(planned) ?? new Map(planned.map((each) => [each.pod, each]));
  indexes.set(planned, index);
  return index;
}

type Found = Place & { rank: number; gone: boolean };

/** Of thousands of pods most are as they were at the look before: then they are the same objects, too. */
const lastPlaced = new WeakMap<SeenPod, PlacedPod>();

function placed(source: SeenPod, found: Found): PlacedPod {
  const before = lastPlaced.get(source);
  if (before !== undefined && isFoundAgain(before.object, found)) return before;
  const now = { source, object: objectOf(source, found) };
  lastPlaced.set(source, now);
  return now;
}

function isFoundAgain(object: PodObject, { pod, attempt, rank, gone }: Found): boolean {
  return object.pod === pod && object.attempt === attempt && object.rank === rank && object.gone === gone;
}

function objectOf(source: SeenPod, { pod, attempt, rank, gone }: Found): PodObject {
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
