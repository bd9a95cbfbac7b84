import type { PlannedPod } from '../../../experiment/plan/planned-pods.ts';
import type { Group, Plan } from '../../../experiment/plan/plan.ts';
import { mainStart, ownEnd } from '../pod/containers.ts';
import {
  deletionAskedAt,
  disruptionOf,
  wasDeletedBeforeEnd,
  type Expected,
  type SeenOrder,
} from '../pod/disruption.ts';
import { isFinal } from '../pod/over.ts';
import type { PlacedPod, Sight } from './model.ts';
import { endedAt, endOf, wasOutOfMemory } from '../pod/pod-end.ts';

interface ToSee {
  plan: Plan;
  experimentId: string;
  planned: PlannedPod;
  placed: readonly PlacedPod[];
  order: SeenOrder;
  /** Whether pods of this attempt are deleted in the course of things. */
  deletionExpected: Expected;
}

/** A sight, with what it was made of beside the object that stands for the pod. */
interface LastSight extends Pick<ToSee, 'plan' | 'experimentId' | 'deletionExpected'> {
  order: SeenOrder[string] | undefined;
  sight: Sight;
}

/** By the object that stands for the pod: of thousands most are as they were at the look before. */
const last = new WeakMap<PlacedPod, LastSight>();

/** Looks at one planned pod. The very same sight as before, where nothing is new. */
export function seePod(by: ToSee): Sight {
  const [only] = by.placed.length === 1 ? by.placed : [];
  if (only === undefined) return lookAt(by);
  const order = by.order[only.source.uid];
  const before = last.get(only);
  if (before !== undefined && before.order === order && isSameLook(before, by)) return before.sight;
  const { plan, experimentId, deletionExpected } = by;
  const sight = lookAt(by);
  last.set(only, { plan, experimentId, deletionExpected, order, sight });
  return sight;
}

function isSameLook(one: LastSight, other: ToSee): boolean {
  return (
    one.plan === other.plan &&
    one.sight.planned === other.planned &&
    one.experimentId === other.experimentId &&
    isSameExpected(one.deletionExpected, other.deletionExpected)
  );
}

function isSameExpected(one: Expected, other: Expected): boolean {
  if (typeof one === 'boolean' || typeof other === 'boolean') return one === other;
  return one.sinceMs === other.sinceMs;
}

function lookAt({ plan, experimentId, planned, placed, order, deletionExpected }: ToSee): Sight {
  const group = groupOf(plan, planned);
  const latest = placed.findLast(({ object }) => !object.gone) ?? placed.at(-1) ?? null;
  const startedAt = firstStart(placed);
  if (latest === null) return { planned, group, placed, latest, startedAt, ...UNSEEN };
  const { source, object } = latest;
  const disrupted = disruptionOf(source);
  const deletedBeforeEnd = wasDeletedBeforeEnd(source, order, deletionExpected);
  const evidence = { out_of_memory: wasOutOfMemory(source), peak_memory_bytes: null };
  const isOver = object.gone || isFinal(source) || ownEnd(source) !== null;
  const end = endOf(source, object.gone);
  return {
    planned,
    group,
    placed,
    latest,
    startedAt,
    isOver,
    endedAt: isOver ? endedAt(source) : null,
    end: isOver ? { experiment: experimentId, pod: planned.pod, group, end, evidence } : null,
    disrupted,
    deletedBeforeEnd,
    askedAt: deletionAskedAt(source),
    byItself: isOver && disrupted === null && !deletedBeforeEnd,
  };
}

/** First start of a main container among these; times of one format sort as text. */
function firstStart(placed: readonly PlacedPod[]): string | null {
  let first: string | null = null;
  for (const { source } of placed) {
    const start = mainStart(source);
    if (start !== null && (first === null || start < first)) first = start;
  }
  return first;
}

const UNSEEN = {
  isOver: false,
  endedAt: null,
  end: null,
  disrupted: null,
  deletedBeforeEnd: false,
  askedAt: null,
  byItself: false,
} as const;

function groupOf({ groups }: Plan, { group, pod }: PlannedPod): Group {
  const found = groups[group];
  if (found === undefined) throw new RangeError(`${pod} is in no group of the plan`);
  return found;
}

/** Its command ended with 0. */
export function exitedZero({ end }: Pick<Sight, 'end'>): boolean {
  return end?.end.how === 'exited' && end.end.code === 0;
}
