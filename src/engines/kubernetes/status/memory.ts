import { mainStart } from '../pod/containers.ts';
import { orderSeen, type SeenOrder } from '../pod/disruption.ts';
import type { AttemptMemory, PlacedPod, WorkloadView } from './model.ts';

interface Found {
  /** With the Ray clusters and workers as they were found. */
  found: AttemptMemory;
  placed: readonly PlacedPod[];
  attempt: number;
  workload: WorkloadView;
}

/** What is known after one more look. The very same object as before when nothing is new. */
export function remember(before: AttemptMemory, { found, placed, attempt, workload }: Found): AttemptMemory {
  const order = orderAfter(before.order, placed);
  const started = before.started || placed.some(({ source }) => mainStart(source) !== null);
  const isEnded = workload.state === 'completed' || workload.state === 'failed';
  const ended = isEnded && workload.uid !== before.ended?.uid ? workload : before.ended;
  const after: AttemptMemory = { ...found, attempt, started, ended, order };
  return isSame(before, after) ? before : after;
}

/** The very same as before when nothing is new: it has an entry for each of thousands of pods. */
function orderAfter(before: SeenOrder, placed: readonly PlacedPod[]): SeenOrder {
  const seenOf = ({ source, object }: PlacedPod) =>
    before[object.uid] ?? (object.gone ? null : orderSeen(source));
  let known = 0;
  let isNew = false;
  for (const each of placed) {
    if (seenOf(each) === null) continue;
    known++;
    isNew ||= before[each.object.uid] === undefined;
  }
  if (!isNew && known === Object.keys(before).length) return before;
  return Object.fromEntries(
    placed.flatMap((each) => {
      const seen = seenOf(each);
      return seen === null ? [] : [[each.object.uid, seen]];
    }),
  );
}

function isSame(a: AttemptMemory, b: AttemptMemory): boolean {
  return (
    a.attempt === b.attempt &&
    a.started === b.started &&
    a.ended === b.ended &&
    isSameRecord(a.clusters, b.clusters) &&
    isSameRecord(a.workers, b.workers) &&
    JSON.stringify(a.suspensions) === JSON.stringify(b.suspensions) &&
    a.order === b.order
  );
}

function isSameRecord(a: Record<string, unknown>, b: Record<string, unknown>): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}
