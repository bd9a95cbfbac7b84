import { explainExhausted, type Explanation } from '../../../experiment/explain.ts';
import { explainInFramework, type FrameworkEnd } from '../../../experiment/framework-failure.ts';
import type { Plan } from '../../../experiment/plan.ts';
import type { Notice } from '../../../experiment/record.ts';
import { objectName } from '../../../operators/object-name.ts';
import type { AttemptView, CreatedWorkload } from './attempt-view.ts';
import { judgeCompleted } from './completed.ts';
import { judgeJobSetFailure } from '../workload/jobset-failure.ts';
import { judgeRayFailure } from '../workload/ray-failure.ts';
import { explainEviction } from './explain-eviction.ts';
import type { Observed } from '../api/objects.ts';
import type { PodView } from './pod-view.ts';
import { rootFailure } from './root-failure.ts';

export type Verdict =
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

export const GO_ON: Verdict = { kind: 'go-on', until: null };

/**
 * How the attempt stands. Pure. What the workload says comes before what is missing, and that before what waits. Once
 * we have told the pods to end, only a success that came before counts.
 */
export function judge(input: JudgeInput): Verdict {
  const { plan, view } = input;
  const { state, deleting } = view.workload;
  if (state === 'completed') return judgeCompleted(input);
  if (view.told !== null) return GO_ON;
  if (state === 'failed')
    return plan.operator === 'kuberay' ? judgeRayFailure(input) : judgeJobSetFailure(input);
  if (input.workloads.length > 0 && (state === 'missing' || deleting || isForeign(input)))
    return judgeRemoved(input);
  return judgeStuck(input) ?? judgeWaiting(input);
}

/** A workload of our name that is none of those we created. */
function isForeign({ view, workloads }: JudgeInput): boolean {
  return workloads.every(({ uid }) => uid !== view.workload.uid);
}

/** The workload is gone, and not by us. What its pods had done before counts. */
function judgeRemoved(input: JudgeInput): Verdict {
  const { plan, view, experimentId } = input;
  if (view.pods.every(({ fact }) => fact.status === 'Succeeded')) return judgeCompleted(input);
  const failure = view.attempt > plan.backoff_limit ? rootFailure(input, null) : null;
  if (failure?.sure) return failure.verdict;
  const kind = plan.operator === 'kuberay' ? 'RayJob' : 'JobSet';
  const how = isForeign(input) && view.workload.uid !== null ? 'deleted and made again' : 'deleted';
  return {
    kind: 'failed',
    reason: 'RemovedOutside',
    explanation: `the ${kind} ${objectName(experimentId)} was ${how} from outside before its pods had succeeded; resubmit`,
    root: null,
  };
}

/** How long a node may take, after the grace, to say that it has ended a pod. */
const NODE_SILENT_MS = 120_000;

/**
 * A pod that is deleted while its node does not answer never gets an end, and its Job waits for that without a limit. Null: there is none.
 */
function judgeStuck({ view, plan, now }: JudgeInput): Verdict | null {
  const lost = view.pods.filter(({ end, object }) => end === null && object?.deleting);
  const due = ({ source }: PodView) => Date.parse(source?.metadata?.deletionTimestamp ?? '') + NODE_SILENT_MS;
  const [first] = lost.toSorted((a, b) => due(a) - due(b));
  if (first === undefined) return null;
  const until = due(first);
  if (now.getTime() < until) return { kind: 'go-on', until: new Date(until).toISOString() };
  const group = plan.groups[first.group];
  if (group === undefined) throw new RangeError(`${first.pod} is in no group of the plan`);
  const node = first.source?.spec?.nodeName ?? null;
  const { pod } = first;
  const lostPod = {
    pod,
    group,
    disruption: { reason: 'NodeLost', message: 'it does not answer' },
    code: null,
    node,
  };
  return { kind: 'failed', ...explainEviction(lostPod, plan), root: null };
}

/** What can never start fails at once; what might heal, when the time for that is over. */
function judgeWaiting({ view, imageFailAfterS, now }: JudgeInput): Verdict {
  const { waiting } = view;
  if (waiting === null || waiting.reason === null || waiting.patience === 'endless') return GO_ON;
  const { reason, message } = waiting;
  if (waiting.patience === 'none')
    return { kind: 'failed', reason, explanation: said(message, null), root: null };
  if (waiting.since === null) return GO_ON;
  const until = Date.parse(waiting.since) + imageFailAfterS * 1000;
  if (now.getTime() < until) return { kind: 'go-on', until: new Date(until).toISOString() };
  return { kind: 'failed', reason, explanation: said(message, imageFailAfterS), root: null };
}

function said(message: string, seconds: number | null): string {
  const sentence = message.replace(/ waits?(?= \(|:)/, ' cannot start');
  return seconds === null ? sentence : `${sentence} (given up after ${seconds} s)`;
}

/** A failure said in the terms of its framework, by what the pod printed last (`root`), where that says more. */
export function explainWithOutput({ root, reason, explanation }: FailedVerdict, tail: string): Explanation {
  if (root === null) return { reason, explanation };
  const found = explainInFramework({ ...root.end, tail }) ?? root.plain;
  return root.exhausted === null ? found : explainExhausted(found, root.exhausted);
}
