import type { Condition } from '../api/objects.ts';
import { mainStart, ownEnd } from '../pod/containers.ts';
import { deletionAskedAt } from '../pod/disruption.ts';
import { labelOf } from '../pod/labels.ts';
import type { SeenPod } from '../pod/seen-pod.ts';
import type { AttemptMemory, Suspension } from '../status/model.ts';
import { suspendedBefore, suspensionsOf, withSuspensions } from './suspensions.ts';
import type { ToPlace } from '../workload/workload.ts';

const SECOND_MS = 1000;

/**
 * What is known of the suspensions of a JobSet after one more look. It says itself since when it is suspended, or when it
 * was let go on last: one that nobody saw is told by pods that had to go before that. A workload that is held back before
 * any of its pods has run (as a queue does with each) is not suspended but waits.
 */
export function rememberSuspensions(toPlace: ToPlace): AttemptMemory {
  const { observed, pods, memory, offset } = toPlace;
  const { jobset } = observed;
  const uid = jobset?.metadata?.uid;
  const condition = jobset?.status?.conditions?.find(({ type }) => type === 'Suspended');
  if (uid === undefined || condition === undefined) return memory;
  const own = pods.filter((pod) => (labelOf(pod, 'jobsetUid') ?? uid) === uid && mainStart(pod) !== null);
  const before = suspensionsOf(memory, uid);
  const present = own.filter(({ createdAt }) => suspendedBefore(before, createdAt) === before.length);
  const attempt = offset + (jobset?.status?.restarts ?? 0) + before.length + 1;
  const isHeld = jobset?.spec?.suspend === true && condition.status === 'True';
  const found = isHeld ? seenNow(condition, present) : unseen(condition, present);
  const known = found === null ? before : [...before, { attempt, ...found, until: null }];
  return withSuspensions(
    memory,
    uid,
    known.map((each, index) => ended(each, firstStart(own, known, index + 1))),
  );
}

type Found = Pick<Suspension, 'after' | 'from'>;

function seenNow({ lastTransitionTime: at }: Condition, present: readonly SeenPod[]): Found | null {
  if (at === undefined) return null;
  const isBefore = ({ createdAt }: SeenPod) => Date.parse(createdAt ?? '') <= Date.parse(at);
  return present.some(isBefore) ? { after: at, from: at } : null;
}

/** It was suspended and let go on while nobody looked. Times are whole seconds. */
function unseen({ status, lastTransitionTime: at }: Condition, present: readonly SeenPod[]): Found | null {
  if (status !== 'False' || at === undefined) return null;
  const resumed = Date.parse(at);
  const went = present.filter((pod) => {
    const asked = deletionAskedAt(pod);
    return asked !== null && asked < resumed && Date.parse(pod.createdAt ?? '') < resumed;
  });
  if (went.length === 0) return null;
  const ends = went.map((pod) => ownEnd(pod)?.finishedAt ?? at).toSorted();
  return { after: new Date(resumed - SECOND_MS).toISOString(), from: ends.at(-1) ?? at };
}

function ended(suspension: Suspension, until: string | null): Suspension {
  return suspension.until !== null || until === null ? suspension : { ...suspension, until };
}

/** Of the pods after so many suspensions; times of one format sort as text. */
function firstStart(own: readonly SeenPod[], known: readonly Suspension[], count: number): string | null {
  const starts = own
    .filter(({ createdAt }) => suspendedBefore(known, createdAt) === count)
    .flatMap((pod) => mainStart(pod) ?? []);
  return starts.toSorted()[0] ?? null;
}
