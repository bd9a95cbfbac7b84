import { explainExhausted, type EndedPod } from '../../../experiment/failure/explain.ts';
import { debuggedWith } from '../../../experiment/failure/framework-failure.ts';
import { objectName } from '../../../operators/object-name.ts';
import { restartsEvicted } from '../../../render/kubernetes/eviction.ts';
import { failedInit } from '../pod/containers.ts';
import type { PodView } from './model.ts';
import { exitCodeOf, explainEnd } from '../pod/pod-end.ts';
import type { FailedVerdict, FailureRoot, JudgeInput } from './verdict.ts';

type EndedView = PodView & { end: EndedPod };

export interface RootFailure {
  /** It did not end because it was deleted, and it is in the Job that is named: nothing can come that says more. */
  sure: boolean;
  verdict: FailedVerdict;
}

/**
 * The failure that the others followed from: the earliest that was not asked for, in the Job that the JobSet names
 * (`job`) if it names one. Null: no pod is known to have failed.
 */
export function rootFailure(input: JudgeInput, job: string | null): RootFailure | null {
  const { view } = input;
  const failed = view.pods.filter(hasFailed);
  const named = failed.filter((each) => job === null || isOfJob({ ...input, pod: each.pod }, job));
  const own = (each: EndedView) =>
    each.byItself || each.disrupted !== null || each.end.evidence.out_of_memory;
  const root = earliest(named.filter(own)) ?? earliest(named) ?? earliest(failed.filter(own));
  return root && { sure: own(root) && named.includes(root), verdict: failureOf(root, input) };
}

/** What ended the experiment, if this pod did. `exhausted`: it would have been started again if it still might. */
export function failureOf(root: EndedView, { plan, view, experimentId }: JudgeInput): FailedVerdict {
  const plain = explainEnd(root, plan);
  const isEvicted = plain.reason === 'Evicted' && !restartsEvicted(plan);
  const exhausted = isEvicted ? null : view.tries;
  const said = exhausted === null ? plain : explainExhausted(plain, exhausted);
  const verdict: FailedVerdict = { kind: 'failed', ...said, root: null };
  const { object, end } = root;
  if (!root.byItself || end.evidence.out_of_memory || object === null) return verdict;
  const isInit = end.end.how === 'not-started' && root.source !== null && failedInit(root.source) !== null;
  if (end.end.how === 'not-started' && !isInit) return verdict;
  const { pod, rank } = root;
  const { uid, objectName } = object;
  const found: FailureRoot = {
    pod,
    attempt: root.attempt,
    uid,
    objectName,
    exhausted,
    plain,
    ...(isInit && { quoted: true }),
    end: {
      operator: plan.operator,
      experiment: experimentId,
      pod,
      rank,
      code: exitCodeOf(root),
      debugging: debuggedWith(plan),
      ...ranksAround(root, view.pods),
    },
  };
  return { ...verdict, root: found };
}

/** What the other ranks did when it ended. */
function ranksAround(root: PodView, pods: readonly PodView[]): { running: number[]; finished: number[] } {
  const at = timeOf(root);
  const others = pods.filter((pod) => pod !== root && pod.started);
  const running = others.filter((pod) => pod.end === null || timeOf(pod) > at || !pod.byItself);
  const finished = others
    .filter(({ fact }) => fact.status === 'Succeeded')
    .filter((pod) => timeOf(pod) <= at);
  return { running: running.map(({ rank }) => rank), finished: finished.map(({ rank }) => rank) };
}

export function hasFailed(view: PodView): view is EndedView {
  const { end } = view;
  if (end === null || view.fact.status === 'Succeeded') return false;
  return !view.byItself || end.end.how !== 'exited' || end.end.code !== 0;
}

/** Whether a Job of the JobSet has this pod. */
export function isOfJob({ pod, experimentId }: { pod: string; experimentId: string }, job: string): boolean {
  return `${objectName(experimentId)}-${pod.replace(/-\d+$/, '')}` === job;
}

/** Of two in the same second, the one that ended by itself, then the lower rank. */
function earliest(pods: readonly EndedView[]): EndedView | null {
  const order = (a: EndedView, b: EndedView) =>
    timeOf(a) - timeOf(b) || Number(b.byItself) - Number(a.byItself) || a.rank - b.rank;
  return pods.toSorted(order)[0] ?? null;
}

function timeOf({ fact, source }: PodView): number {
  const at = fact.ended_at ?? source?.deletion?.at;
  return at == null ? Infinity : Date.parse(at);
}
