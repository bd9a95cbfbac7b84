import type { ContainerStateTerminated, PodCondition } from 'kubernetes-types/core/v1.js';
import { ownEnd } from './containers.ts';
import { isFinal } from './over.ts';
import { isOutOfMemory } from './out-of-memory.ts';
import type { SeenPod } from './seen-pod.ts';

/** Why a pod was ended by the cluster. */
export interface Disruption {
  /** PreemptionByScheduler, DeletionByTaintManager, EvictionByEvictionAPI, DeletionByPodGC, TerminationByKubelet, Evicted, NodeLost, … */
  reason: string;
  message: string;
}

/** Time in which a kubelet, having ended the containers of a deleted pod, says that it has. */
const KUBELET_LAG_MS = 10_000;

/** What a process ends with that was told to: SIGTERM, SIGINT, and SIGKILL at the end of the grace. */
export const TOLD_CODES: ReadonlySet<number> = new Set([0, 130, 137, 143]);

/** Reasons in a pod's own status with which it was ended by its node. */
const NODE_REASONS: ReadonlySet<string> = new Set([
  'Evicted',
  'DeadlineExceeded',
  'NodeLost',
  'NodeShutdown',
  'Terminated',
  'Preempting',
]);

/** Which came first: its main container's end, or the wish that it be deleted. As seen, for as long as it is known. */
export type SeenOrder = Readonly<Record<string, 'ended' | 'deleted'>>;

/** Why the cluster ended the pod (or will), unless it had ended before; null: it does not. */
export function disruptionOf(pod: SeenPod): Disruption | null {
  const { reason, message } = pod;
  const condition = conditionOf(pod, 'DisruptionTarget');
  const end = ownEnd(pod);
  const at = condition?.status === 'True' ? condition.lastTransitionTime : undefined;
  if (end?.finishedAt !== undefined && at !== undefined && Date.parse(end.finishedAt) < Date.parse(at))
    return null;
  if (reason !== null && NODE_REASONS.has(reason))
    return isOfLaterDeadline(reason, end) ? null : { reason, message: message ?? '' };
  if (condition?.status !== 'True') return null;
  return { reason: condition.reason ?? 'DisruptionTarget', message: condition.message ?? '' };
}

/**
 * A pod whose own deadline passed may have had its work done before, and have waited for what somebody added to it. No time
 * is said of a deadline, so the exit code counts.
 */
function isOfLaterDeadline(reason: string, end: ContainerStateTerminated | null): boolean {
  return (
    reason === 'DeadlineExceeded' && end !== null && (end.exitCode === 0 || !TOLD_CODES.has(end.exitCode))
  );
}

export function conditionOf({ conditions }: SeenPod, type: string): PodCondition | null {
  return conditions.find((each) => each.type === type) ?? null;
}

/** When its deletion was asked for (ms since the epoch); null: it was not. */
export function deletionAskedAt({ deletion }: SeenPod): number | null {
  return deletion === null ? null : Date.parse(deletion.at) - (deletion.graceS ?? 0) * 1000;
}

/** Why deleting pods is the natural thing: always (`true`), or since that moment (ms since the epoch). */
export type Expected = boolean | { sinceMs: number };

/**
 * Its deletion was asked for before its main container had ended. Whoever saw the one without the other knows
 * (`order`). Else the times tell, which are whole seconds; and when a kubelet has done with a pod that was deleted, it
 * writes the time of that over the time of the wish (grace 0). So in doubt the exit code counts: what ended with 0 or
 * by a signal just before it was gone was told to, unless deleting it was the natural thing (`expected`).
 */
export function wasDeletedBeforeEnd(pod: SeenPod, order: SeenOrder, expected: Expected): boolean {
  const asked = deletionAskedAt(pod);
  if (asked === null) return false;
  const seen = order[pod.uid];
  if (seen !== undefined) return seen === 'deleted';
  const end = ownEnd(pod);
  if (end?.finishedAt === undefined) return true;
  const finished = Date.parse(end.finishedAt);
  if (asked < finished) return true;
  const isFinished = pod.deletion?.graceS === 0;
  if (asked > finished + (isFinished ? KUBELET_LAG_MS : 0)) return false;
  if (end.exitCode === 0) return !(typeof expected === 'boolean' ? expected : asked >= expected.sinceMs);
  return !isOutOfMemory(end) && TOLD_CODES.has(end.exitCode);
}

/** What one more look at a pod tells of the order; null: nothing. */
export function orderSeen(pod: SeenPod): 'ended' | 'deleted' | null {
  const asked = deletionAskedAt(pod);
  const end = ownEnd(pod);
  if (asked === null) return end !== null || isFinal(pod) ? 'ended' : null;
  if (end === null) return isFinal(pod) ? null : 'deleted';
  return end.finishedAt !== undefined && asked < Date.parse(end.finishedAt) ? 'deleted' : null;
}
