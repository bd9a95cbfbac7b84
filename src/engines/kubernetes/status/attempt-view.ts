import { plannedPods } from '../../../experiment/plan/planned-pods.ts';
import type { Plan } from '../../../experiment/plan/plan.ts';
import type { Reason } from '../../../experiment/status.ts';
import type { Expected } from '../pod/disruption.ts';
import { spoilersOf } from '../pod/spoilt.ts';
import { tellWaiting, waitingPods } from '../waiting/waiting.ts';
import type { Observed } from '../watch/observed.ts';
import type { Workload } from '../workload/workload.ts';
import { remember } from './memory.ts';
import type {
  AttemptMemory,
  AttemptView,
  CreatedWorkload,
  PlacedPod,
  PodObject,
  Sight,
  Suspension,
  WorkloadSurroundings,
  WorkloadView,
} from './model.ts';
import { jobsMadeAnew } from './made-anew.ts';
import { placePods } from './place-pods.ts';
import { exitedZero, seePod } from './sight.ts';
import { allSuspensions, suspensionsOf, triesUntil } from '../suspension/suspensions.ts';
import { viewPod } from './view-pod.ts';
import { offsetOf, viewWorkload } from './view-workload.ts';

export interface ViewInput {
  plan: Plan;
  /** What carries it. */
  workload: Workload;
  experimentId: string;
  observed: Observed;
  /** Oldest first; empty: none was created yet. */
  workloads: readonly CreatedWorkload[];
  memory: AttemptMemory;
  /** Why we told the pods to end ourselves; null: we did not. */
  told: Reason | null;
  now: Date;
  /** View of this attempt instead of the latest: what was not told of an earlier one. */
  attempt?: number;
}

/**
 * What the cluster's objects say about the latest attempt of a plan (or the one that is asked for). Pure: the same
 * objects give the same view in whatever order they came, as far as nothing was overwritten before it was seen.
 */
export function viewAttempt(input: ViewInput): AttemptView {
  const { observed } = input;
  const { placed, memory: found } = placePods(input);
  const uid = input.workload.object(observed)?.metadata?.uid ?? input.workloads.at(-1)?.uid;
  const suspensions = allSuspensions(found);
  const claimed = offsetOf(input) + input.workload.attempt(observed) + suspensionsOf(found, uid).length;
  const next = Math.max(input.memory.attempt, presentAttempt(placed, claimed));
  const isDone = next > input.memory.attempt && isDoneBefore(input, { placed, memory: found, suspensions });
  const latest = isDone ? input.memory.attempt : next;
  const workload = viewWorkload(input);
  const memory = remember(input.memory, { found, placed, attempt: latest, workload });
  const attempt = input.attempt ?? latest;
  const superseded = latest > attempt || (claimed > attempt && !isDone);
  const sights = seeAll(input, {
    placed,
    memory,
    attempt,
    suspensions,
    expected: superseded || workload.state === 'failed' || sinceDeleted(workload),
  });
  const around: WorkloadSurroundings = {
    observed,
    sights,
    workload,
    superseded,
    suspended: suspensions.some((each) => each.attempt === attempt),
    told: input.told,
    gone: workload.deleting || (workload.state === 'missing' && input.workloads.length > 0),
  };
  const stand = input.workload.stand(around);
  const waiting = superseded ? [] : waitingPods({ ...input, view: workload, sights });
  const reasons = new Map(waiting.map(({ sight, wait }) => [sight.planned.pod, wait.reason]));
  const pods = sights.map((sight) => {
    const standing = stand(sight);
    const reason = standing.status === 'Pending' ? (reasons.get(sight.planned.pod) ?? null) : standing.reason;
    return viewPod(sight, { attempt, standing: { ...standing, reason }, plan: input.plan });
  });
  return {
    attempt,
    tries: triesUntil(attempt, suspensions),
    suspensions,
    pods,
    objects: placed.map(({ object }) => object),
    waiting: input.told === null ? tellWaiting(waiting, { ...input, view: workload, sights, pods }) : null,
    workload,
    superseded,
    started: pods.some(({ started }) => started),
    everStarted: memory.started,
    notices: jobsMadeAnew(placed, attempt, input.plan),
    memory,
    told: input.told,
  };
}

/**
 * All commands of the attempt that was seen last had ended with 0, and its pods failed of a container that somebody added: there is
 * nothing to be done again, whatever the workload begins.
 */
function isDoneBefore(input: ViewInput, known: Pick<Seen, 'placed' | 'memory' | 'suspensions'>): boolean {
  const { attempt } = input.memory;
  if (known.suspensions.some((each) => each.attempt === attempt)) return false;
  const sights = seeAll(input, { ...known, attempt, expected: false });
  return (
    sights.every(succeeded) &&
    sights.some(({ latest }) => latest !== null && spoilersOf(latest.source).length > 0)
  );
}

/** The workload is ahead of the pods when it starts all again: its attempt begins when nothing of the last one runs. */
function presentAttempt(placed: readonly PlacedPod[], claimed: number): number {
  const last = placed.at(-1)?.object.attempt ?? 1;
  const isLive = placed.some(({ object }) => object.attempt === last && !hasEnded(object));
  return isLive ? last : Math.max(last, claimed);
}

function hasEnded({ gone, containers }: PodObject): boolean {
  return gone || containers.every(({ ended }) => ended);
}

/** A workload that is completed is so from before it was deleted: its pods had ended, and go with it. */
function sinceDeleted({ state, deletedAt }: WorkloadView): Expected {
  return state === 'completed' && deletedAt != null && { sinceMs: Date.parse(deletedAt) };
}

interface Seen {
  placed: readonly PlacedPod[];
  memory: AttemptMemory;
  attempt: number;
  suspensions: readonly Suspension[];
  /** Whether pods of this attempt are deleted in the course of things. */
  expected: Expected;
}

function seeAll(input: ViewInput, seen: Seen): Sight[] {
  const { plan, experimentId, workload } = input;
  const { placed, memory, attempt, expected, suspensions } = seen;
  const byName = new Map<string, PlacedPod[]>();
  for (const each of placed) {
    if (each.object.attempt !== attempt) continue;
    const same = byName.get(each.object.pod);
    if (same === undefined) byName.set(each.object.pod, [each]);
    else same.push(each);
  }
  const isResumed = workload.resumes && suspensions.some((each) => each.attempt === attempt - 1);
  const before = isResumed ? seeAll(input, { ...seen, attempt: attempt - 1, expected: true }) : [];
  const done = new Map(before.filter(succeeded).map((sight) => [sight.planned.pod, sight]));
  return plannedPods(plan).map((planned) => {
    const own = byName.get(planned.pod) ?? [];
    const kept = own.length === 0 ? done.get(planned.pod) : undefined;
    if (kept !== undefined) return kept;
    const told = { plan, experimentId, planned, placed: own };
    return seePod({ ...told, order: memory.order, deletionExpected: expected });
  });
}

/** Its Job keeps that, whatever is suspended afterwards. */
function succeeded(sight: Sight): boolean {
  return sight.byItself && exitedZero(sight);
}
