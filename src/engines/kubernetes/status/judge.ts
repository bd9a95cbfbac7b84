import { explainExhausted, type Explanation } from '../../../experiment/failure/explain.ts';
import { debuggedWith, explainInFramework } from '../../../experiment/failure/framework-failure.ts';
import { objectName } from '../../../operators/object-name.ts';
import type { Workload } from '../workload/workload.ts';
import { judgeCompleted } from './completed.ts';
import { explainEviction } from '../pod/explain-eviction.ts';
import type { PodView } from './model.ts';
import { rootFailure } from './root-failure.ts';
import {
  GO_ON,
  NODE_LAG_MS,
  type FailedVerdict,
  type FailureRoot,
  type JudgeInput,
  type Judgement,
} from './verdict.ts';

/**
 * How the attempt stands. Pure. What the workload says comes before what is missing, and that before what waits. Once
 * we have told the pods to end, only a success that came before counts.
 */
export function judge(input: JudgeInput & { workload: Workload }): Judgement {
  const { workload, view } = input;
  const { state, deleting } = view.workload;
  if (state === 'completed') return judgeCompleted(input, workload);
  if (view.told !== null) return GO_ON;
  if (state === 'failed') return judgeOwnSuccess(input) ?? workload.failure(input);
  if (input.workloads.length > 0 && (state === 'missing' || deleting || isForeign(input)))
    return judgeRemoved(input, workload);
  return workload.unfinished(input) ?? judgeStuck(input) ?? judgeWaiting(input);
}

/**
 * A workload fails also of what somebody added to its pods, a container that ended badly after the command; and of its
 * deadline when one never ended. Null: not all of its own containers succeeded.
 */
function judgeOwnSuccess({ view }: JudgeInput): Judgement | null {
  const isSuccess = view.pods.every((pod) => pod.fact.status === 'Succeeded' && pod.source?.beside.length);
  return isSuccess && !view.superseded ? { kind: 'succeeded', notices: [] } : null;
}

/** A workload of our name that is none of those we created. */
function isForeign({ view, workloads }: JudgeInput): boolean {
  return workloads.every(({ uid }) => uid !== view.workload.uid);
}

/** The workload is gone, and not by us. What its pods had done before counts. */
function judgeRemoved(input: JudgeInput, workload: Workload): Judgement {
  const { plan, view, experimentId } = input;
  if (view.pods.every(({ fact }) => fact.status === 'Succeeded')) return judgeCompleted(input, workload);
  const failure = view.tries > plan.backoff_limit ? rootFailure(input, null) : null;
  if (failure?.sure) return failure.verdict;
  const how = isForeign(input) && view.workload.uid !== null ? 'deleted and made again' : 'deleted';
  return {
    kind: 'failed',
    reason: 'RemovedOutside',
    explanation: `the ${workload.resource.kind} ${objectName(experimentId)} was ${how} from outside before its pods had succeeded; resubmit`,
    root: null,
  };
}

/**
 * A pod that is deleted while its node does not answer never gets an end, and its Job waits for that without a limit. Null: there is none.
 */
function judgeStuck(input: JudgeInput): Judgement | null {
  const { view, plan, now } = input;
  const lost = view.pods.filter(({ end, object }) => end === null && object?.deleting);
  const due = ({ source }: PodView) => Date.parse(source?.deletion?.at ?? '') + NODE_LAG_MS;
  const [first] = lost.toSorted((a, b) => due(a) - due(b));
  if (first === undefined) return null;
  const until = due(first);
  if (now.getTime() < until) return { kind: 'go-on', until: new Date(until).toISOString() };
  // Who only waits for its node is not why it was told to end.
  const cause = rootFailure(input, null);
  if (cause?.sure === true) return { kind: 'again', explanation: cause.verdict.explanation };
  const group = plan.groups[first.group];
  if (group === undefined) throw new RangeError(`${first.pod} is in no group of the plan`);
  const node = first.source?.node ?? null;
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
function judgeWaiting(input: JudgeInput): Judgement {
  const { imageFailAfterS, now } = input;
  const { waiting } = input.view;
  if (waiting === null || waiting.reason === null || waiting.patience === 'endless') return GO_ON;
  const { reason, message } = waiting;
  if (waiting.patience === 'none') {
    const plain = { reason, explanation: said(message, null) };
    return { kind: 'failed', ...plain, root: quotedRoot(plain, input) };
  }
  if (waiting.since === null) return GO_ON;
  const until = Date.parse(waiting.since) + imageFailAfterS * 1000;
  if (now.getTime() < until) return { kind: 'go-on', until: new Date(until).toISOString() };
  return { kind: 'failed', reason, explanation: said(message, imageFailAfterS), root: null };
}

/** The pod whose last line says more of why nothing can start. Null: there is none. */
function quotedRoot(plain: Explanation, { view, plan, experimentId }: JudgeInput): FailureRoot | null {
  const found = view.pods.find(({ pod }) => pod === view.waiting?.pod);
  if (view.waiting?.quotes !== true || found === undefined || found.object === null) return null;
  const { pod, attempt, rank } = found;
  const { uid, objectName } = found.object;
  const { operator } = plan;
  const end = { operator, experiment: experimentId, pod, rank, code: null, debugging: debuggedWith(plan) };
  return {
    pod,
    attempt,
    uid,
    objectName,
    exhausted: null,
    plain,
    quoted: true,
    end: { ...end, running: [], finished: [] },
  };
}

function said(message: string, seconds: number | null): string {
  const sentence = message.replace(/ waits?(?= \(|:)/, ' cannot start');
  return seconds === null ? sentence : `${sentence} (given up after ${seconds} s)`;
}

/** A failure said in the terms of its framework, by what the pod printed last (`root`), where that says more. */
export function explainWithOutput({ root, reason, explanation }: FailedVerdict, tail: string): Explanation {
  if (root === null) return { reason, explanation };
  const found = root.quoted
    ? quoting(root.plain, tail)
    : (explainInFramework({ ...root.end, tail }) ?? root.plain);
  return root.exhausted === null ? found : explainExhausted(found, root.exhausted);
}

/** With the last line that it printed. */
function quoting({ reason, explanation }: Explanation, tail: string): Explanation {
  const line = tail.trimEnd().split('\n').at(-1)?.trim().slice(0, 300) ?? '';
  return { reason, explanation: line === '' ? explanation : `${explanation}: ${line}` };
}
