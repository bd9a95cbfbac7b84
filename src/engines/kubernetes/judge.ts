import type { Explanation } from '../../experiment/explain.ts';
import type { FrameworkEnd } from '../../experiment/framework-failure.ts';
import type { Plan } from '../../experiment/plan.ts';
import type { Notice } from '../../experiment/record.ts';
import type { AttemptView, CreatedWorkload } from './attempt-view.ts';
import type { Observed } from './objects.ts';

export type Verdict =
  /** Wait for what comes. */
  | { kind: 'go-on' }
  /** Every planned pod of the last attempt was seen to succeed. */
  | { kind: 'succeeded'; notices: Notice[] }
  | FailedVerdict
  /** The workload calls itself done but was disturbed, and a restart is left: create it anew. */
  | { kind: 'again'; explanation: string };

export interface FailedVerdict extends Explanation {
  kind: 'failed';
  /** The pod it came from, so that its last output can say more (`explainWithOutput`); null: no pod's own failure. */
  root: FailureRoot | null;
}

export interface FailureRoot {
  pod: string;
  attempt: number;
  /** Of its object. */
  uid: string;
  objectName: string;
  /** All attempts are used up: this many. */
  exhausted: number | null;
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
  now: Date;
}

/** How the attempt stands. Pure. */
export declare function judge(input: JudgeInput): Verdict;

/** A failure said in the terms of its framework, by what the pod printed last (`root`), where that says more. */
export declare function explainWithOutput(failed: FailedVerdict, tail: string): Explanation;
