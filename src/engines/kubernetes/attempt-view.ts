import type { Plan } from '../../experiment/plan.ts';
import type { Reason } from '../../experiment/status.ts';
import type { Observed } from './objects.ts';
import type { PodObject, PodView } from './pod-view.ts';

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
  /** Attempt of each Ray cluster, by name. */
  clusters: Record<string, number>;
  /** Index (`<replica>-<host>`) of each Ray worker pod that no label gives one, by uid. */
  workers: Record<string, string>;
}

export const NO_MEMORY: AttemptMemory = { clusters: {}, workers: {} };

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
  /** It can never heal: fail at once. */
  hopeless: boolean;
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
  /** A main container has started in this attempt. */
  started: boolean;
  /** Of it or an earlier one. */
  everStarted: boolean;
  /** To be given to the next look. */
  memory: AttemptMemory;
  told: Reason | null;
}

/** What the cluster's objects say about the latest attempt of a plan (or the one that is asked for). Pure. */
export declare function viewAttempt(input: ViewInput): AttemptView;
