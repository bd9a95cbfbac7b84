import { namedStrays } from '../pod/containers.ts';
import { spoilersOf } from '../pod/spoilt.ts';
import type { PodView } from '../status/model.ts';
import { exitCodeOf } from '../pod/pod-end.ts';
import { hasFailed, rootFailure } from '../status/root-failure.ts';
import { sidecarEnded, strayIn } from './strays.ts';
import { FAILURE_LAG_MS, waitOn, type JudgeInput, type Judgement } from '../status/verdict.ts';

/**
 * A JobSet that goes on although its pods' commands have ended: Kubernetes waits for every container of a pod, those
 * that somebody added too, and a Job that fails waits for its other pods. An experiment is judged by its own containers:
 * a failure for good is one at once, whatever else goes on; containers that were added have a grace after the command,
 * and are then ended with the workload. Null: nothing is settled by that.
 */
export function judgeUnfinished(input: JudgeInput): Judgement | null {
  const { view } = input;
  if (view.superseded) return null;
  const failed = view.pods.filter((pod) => hasFailed(pod) && pod.byItself);
  if (failed.length > 0) return judgeFailed(failed, input);
  return view.pods.every(({ fact }) => fact.status === 'Succeeded') ? judgeSucceeded(input) : null;
}

function judgeFailed(failed: readonly PodView[], input: JudgeInput): Judgement | null {
  const { view, plan, now, sidecarGraceS } = input;
  const first =
    failed
      .map(({ fact }) => fact.ended_at)
      .filter((at) => at !== null)
      .toSorted()[0] ?? null;
  if (view.tries > plan.backoff_limit)
    return waitOn(first, FAILURE_LAG_MS, now) ?? rootFailure(input, null)?.verdict ?? null;
  // Its Job starts all again by itself, once the pod has ended.
  const held = failed
    .map((pod) => ({ pod, strays: strayIn(pod, now) }))
    .find(({ strays }) => strays.length > 0);
  if (held === undefined) return null;
  const { pod, strays } = held;
  const code = exitCodeOf(pod);
  const explanation = `${pod.pod} exited with code ${code}, and ${namedStrays(strays)} kept it from ending`;
  return waitOn(pod.fact.ended_at, sidecarGraceS * 1000, now) ?? { kind: 'again', explanation };
}

/** Of a pod that failed of what was added to it the JobSet would fail, or start all again, though all is done. */
function judgeSucceeded({ view, now, sidecarGraceS }: JudgeInput): Judgement | null {
  const isSpoilt = view.pods.some(({ source }) => source !== null && spoilersOf(source).length > 0);
  if (isSpoilt) return { kind: 'succeeded', notices: [] };
  const held = view.pods.filter((pod) => strayIn(pod, now).length > 0);
  const last = held
    .map(({ fact }) => fact.ended_at)
    .filter((at) => at !== null)
    .toSorted()
    .at(-1);
  if (last === undefined) return null;
  return (
    waitOn(last, sidecarGraceS * 1000, now) ?? {
      kind: 'succeeded',
      notices: [sidecarEnded(held, { sidecarGraceS, now })],
    }
  );
}
