import { plannedPods } from '../../../experiment/planned-pods.ts';
import type { Plan } from '../../../experiment/plan.ts';
import type { Reason } from '../../../experiment/status.ts';
import { failsAtOnce, isLate } from '../workload/job-end.ts';
import { causesOf, standInJobSet, type Standing, type Surroundings } from '../workload/jobset-pods.ts';
import { remember } from './memory.ts';
import type { Observed } from '../api/objects.ts';
import { offsetOf, placePods, type PlacedPod } from './place-pods.ts';
import { viewPod } from './view-pod.ts';
import type { PodObject, PodView } from './pod-view.ts';
import { standInRayJob } from '../workload/ray-pods.ts';
import { seePod, type Sight } from './sight.ts';
import { tellWaiting, waitingPods } from '../waiting/waiting.ts';
import { attemptOf, viewWorkload } from '../workload/workload.ts';

/** A JobSet or RayJob that we created for the experiment: there are several when attempts were resubmitted. */
export interface CreatedWorkload {
  uid: string;
  /** Attempts before its first. */
  offset: number;
}

/**
 * What must be remembered from look to look because no object tells it. Plain data (JSON); begins as `NO_MEMORY`,
 * survives a restart of the server or is found out anew.
 */
export interface AttemptMemory {
  /** The latest attempt that was seen. */
  attempt: number;
  /** A main container has started, of whatever attempt. */
  started: boolean;
  /** The present workload as it was when it had completed or failed: it may be gone before its pods are known. */
  ended: WorkloadView | null;
  /** Attempt of each Ray cluster, by its name, and by the uid of the Job that submitted to it. */
  clusters: Record<string, number>;
  /** Index (`<replica>-<host>`) of each Ray worker pod that no label gives one, by uid. */
  workers: Record<string, string>;
  /** What was seen first of each pod, by uid: the end of its main container, or the wish that it be deleted. */
  order: Record<string, 'ended' | 'deleted'>;
}

export const NO_MEMORY: AttemptMemory = {
  attempt: 1,
  started: false,
  ended: null,
  clusters: {},
  workers: {},
  order: {},
};

export interface ViewInput {
  plan: Plan;
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

export interface WorkloadView {
  /** `missing`: not in the cluster (not yet, or no more). `suspended`: waits to be admitted. */
  state: 'missing' | 'suspended' | 'live' | 'completed' | 'failed';
  /** As the controller says it. */
  message: string | null;
  reason: string | null;
  uid: string | null;
  createdAt: string | null;
  /** When it completed or failed; null: it has not, or does not say. */
  endedAt: string | null;
  /** Its deletion was asked for. */
  deleting: boolean;
}

/** Why pods do not run, the worst of all pods with how many there are of it. */
export interface Waiting {
  /** For the `progress` fact. */
  message: string;
  /** What the experiment fails with when it lasts too long; null: it may take any time. */
  reason: Reason | null;
  /** What has been so since then (ISO 8601); null: unknown. */
  since: string | null;
  /** `none`: it can never heal. `limited`: it might, within the time given to images. `endless`: it is normal. */
  patience: 'none' | 'limited' | 'endless';
  /** Name of one pod it is true of; null: of none, the workload itself. */
  pod: string | null;
}

export interface AttemptView {
  /** Counts from 1, over all workloads. */
  attempt: number;
  /** In rank order, one for each planned pod. */
  pods: PodView[];
  /** Every pod object of the experiment, of all attempts, in order of attempt and rank. */
  objects: PodObject[];
  /** Null: nothing waits. */
  waiting: Waiting | null;
  workload: WorkloadView;
  /** The workload is at a later attempt already, of which no pod was seen or whose pods are not there yet. */
  superseded: boolean;
  /** A main container has started in this attempt. */
  started: boolean;
  /** Of it or an earlier one. */
  everStarted: boolean;
  /** To be given to the next look. */
  memory: AttemptMemory;
  told: Reason | null;
}

/**
 * What the cluster's objects say about the latest attempt of a plan (or the one that is asked for). Pure: the same
 * objects give the same view in whatever order they came, as far as nothing was overwritten before it was seen.
 */
export function viewAttempt(input: ViewInput): AttemptView {
  const { observed } = input;
  const { placed, memory: found } = placePods(input);
  const claimed = offsetOf(input) + attemptOf(observed);
  const latest = Math.max(input.memory.attempt, presentAttempt(placed, claimed));
  const workload = viewWorkload(input);
  const memory = remember(input.memory, { found, placed, attempt: latest, workload });
  const attempt = input.attempt ?? latest;
  const superseded = claimed > attempt || latest > attempt;
  const sights = seeAll(input, {
    placed,
    memory,
    attempt,
    expected: superseded || workload.state === 'failed',
  });
  const around = {
    ...{ causes: causesOf(sights), workload, superseded, told: input.told },
    late: isLate(observed) || (failsAtOnce(workload) && sights.every(({ disrupted }) => disrupted === null)),
    gone: workload.deleting || (workload.state === 'missing' && input.workloads.length > 0),
  };
  const waiting = superseded ? [] : waitingPods({ ...input, workload, sights });
  const reasons = new Map(waiting.map(({ sight, wait }) => [sight.planned.pod, wait.reason]));
  const pods = sights.map((sight) => {
    const standing = stand(sight, around, input);
    const reason = standing.status === 'Pending' ? (reasons.get(sight.planned.pod) ?? null) : standing.reason;
    return viewPod(sight, { attempt, standing: { ...standing, reason }, plan: input.plan });
  });
  const statuses = new Map(pods.map(({ pod, fact }) => [pod, fact.status]));
  return {
    attempt,
    pods,
    objects: placed.map(({ object }) => object),
    waiting: input.told === null ? tellWaiting(waiting, { ...input, workload, sights, statuses }) : null,
    workload,
    superseded,
    started: pods.some(({ started }) => started),
    everStarted: memory.started,
    memory,
    told: input.told,
  };
}

/** The workload is ahead of the pods when it starts all again: its attempt begins when nothing of the last one runs. */
function presentAttempt(placed: readonly PlacedPod[], claimed: number): number {
  const last = placed.at(-1)?.object.attempt ?? 1;
  const isLive = placed.some(({ object }) => object.attempt === last && !isOver(object));
  return isLive ? last : Math.max(last, claimed);
}

function isOver({ gone, containers }: PodObject): boolean {
  return gone || containers.every(({ ended }) => ended);
}

interface Seen {
  placed: readonly PlacedPod[];
  memory: AttemptMemory;
  attempt: number;
  /** Pods of this attempt are deleted in the course of things. */
  expected: boolean;
}

function seeAll({ plan, experimentId }: ViewInput, { placed, memory, attempt, expected }: Seen): Sight[] {
  const byName = new Map<string, PlacedPod[]>();
  for (const each of placed) {
    if (each.object.attempt !== attempt) continue;
    const same = byName.get(each.object.pod);
    if (same === undefined) byName.set(each.object.pod, [each]);
    else same.push(each);
  }
  return plannedPods(plan).map((planned) =>
    seePod({
      ...{ plan, experimentId, planned, placed: byName.get(planned.pod) ?? [] },
      ...{ order: memory.order, deletionExpected: expected },
    }),
  );
}

function stand(sight: Sight, around: Surroundings, { plan, observed }: ViewInput): Standing {
  return plan.operator === 'kuberay'
    ? standInRayJob(sight, around, observed.rayjob)
    : standInJobSet(sight, around);
}
