import { explainDeadline, type Explanation } from '../../../experiment/failure/explain.ts';
import type { FrameworkEnd } from '../../../experiment/failure/framework-failure.ts';
import type { Plan } from '../../../experiment/plan/plan.ts';
import type { Notice } from '../../../experiment/record.ts';
import type { Observed } from '../watch/observed.ts';
import type { AttemptView, CreatedWorkload } from './model.ts';

/** How an attempt stands. */
export type Judgement =
  /** Wait for what comes; at `until` (ISO 8601) judge again although nothing came. Null: nothing is due. */
  | { kind: 'go-on'; until: string | null }
  /** Every planned pod of the last attempt was seen to succeed. */
  | { kind: 'succeeded'; notices: Notice[] }
  | FailedVerdict
  /** The workload calls itself done but was disturbed, and a restart is left: create it anew. */
  | { kind: 'again'; explanation: string };

export interface FailedVerdict extends Explanation {
  kind: 'failed';
  /** The pod whose last output can say more (`explainWithOutput`); null: there is nothing more to be said. */
  root: FailureRoot | null;
}

export interface FailureRoot {
  pod: string;
  attempt: number;
  /** Of its object. */
  uid: string;
  objectName: string;
  /** All attempts are used up: this many. Null: it is not for that that it ended. */
  exhausted: number | null;
  /** What is said when its output says nothing. */
  plain: Explanation;
  /** Its last line stands behind that: no framework of ours printed it. */
  quoted?: boolean;
  end: Omit<FrameworkEnd, 'tail'>;
}

export interface JudgeInput {
  plan: Plan;
  experimentId: string;
  view: AttemptView;
  observed: Observed;
  /** What we created; empty: nothing yet, so nothing can be missing. */
  workloads: readonly CreatedWorkload[];
  /** How long an image may be impossible to pull, in seconds. */
  imageFailAfterS: number;
  /** How long a container that the cluster added may go on after the command, in seconds. */
  sidecarGraceS: number;
  now: Date;
}

export const GO_ON: Judgement = { kind: 'go-on', until: null };

/** How long after a workload's failure its pods and Jobs may be unknown: their watches are others. */
export const FAILURE_LAG_MS = 2_000;
/** How long after its success the ends of its pods may be unknown. */
export const SUCCESS_LAG_MS = 60_000;
/** How long a node may take, after the grace, to say that it has ended a pod. */
export const NODE_LAG_MS = 120_000;

/** Nothing can be said yet, until so long after the end. Null: that is over. */
export function waitOn(endedAt: string | null, lagMs: number, now: Date): Judgement | null {
  const until = endedAt === null ? now.getTime() : Date.parse(endedAt) + lagMs;
  return now.getTime() < until ? { kind: 'go-on', until: new Date(until).toISOString() } : null;
}

/** It ran longer than `spec.timeout`. */
export function late(timeoutS: number | null): FailedVerdict {
  return { kind: 'failed', ...explainDeadline(timeoutS ?? 0), root: null };
}
