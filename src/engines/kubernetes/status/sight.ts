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

/** Looks at one planned pod. */
export function seePod({ plan, experimentId, planned, placed, order, deletionExpected }: ToSee): Sight {
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
