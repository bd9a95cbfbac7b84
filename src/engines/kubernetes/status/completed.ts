import { explainExhausted, manifestPath } from '../../../experiment/failure/explain.ts';
import type { Notice } from '../../../experiment/record.ts';
import { restartsEvicted } from '../../../render/kubernetes/eviction.ts';
import type { Workload } from '../workload/workload.ts';
import type { PodView } from './model.ts';
import { explainEnd } from '../pod/pod-end.ts';
import { SUCCESS_LAG_MS, waitOn, type JudgeInput, type Judgement } from './verdict.ts';

/**
 * The workload says that it is done. That is a success only when every pod was seen to end with 0 by itself: one that
 * ends so because it is evicted or deleted makes its Job complete too.
 */
export function judgeCompleted(input: JudgeInput, workload: Workload): Judgement {
  const { view, now } = input;
  const { pods } = view;
  const disturbed = view.superseded ? null : workload.disturbed(input);
  if (disturbed !== null) return judgeDisturbed(disturbed, input);
  if (!view.superseded && pods.every(({ fact }) => fact.status === 'Succeeded')) {
    const made = objectsMade(input);
    return { kind: 'succeeded', notices: pods.flatMap((pod) => noticesOf(pod, { plan: input.plan, made })) };
  }
  const wait = waitOn(view.workload.endedAt, SUCCESS_LAG_MS, now);
  if (wait !== null) return wait;
  const unseen = pods.filter(({ fact }) => fact.status !== 'Succeeded');
  const who = `${unseen[0]?.pod}${unseen.length > 1 ? ` and ${unseen.length - 1} more` : ''}`;
  const explanation = `the cluster says that all is done, but how ${who} ended was never seen; check the outputs, or resubmit`;
  return { kind: 'failed', reason: 'EngineLost', explanation, root: null };
}

function judgeDisturbed(pod: PodView, { plan, view }: JudgeInput): Judgement {
  const { end } = pod;
  if (end === null) throw new RangeError(`${pod.pod} has not ended`);
  const why = explainEnd({ ...pod, end }, plan);
  if (!restartsEvicted(plan)) return { kind: 'failed', ...why, root: null };
  if (view.tries <= plan.backoff_limit) return { kind: 'again', explanation: why.explanation };
  return { kind: 'failed', ...explainExhausted(why, view.tries), root: null };
}

/** How many objects the cluster made in this attempt for each pod, by its name. */
function objectsMade({ view }: JudgeInput): Map<string, number> {
  const made = new Map<string, number>();
  for (const { pod, attempt } of view.objects)
    if (attempt === view.attempt) made.set(pod, (made.get(pod) ?? 0) + 1);
  return made;
}

/** What a success hides. */
function noticesOf(
  { pod, end, group }: PodView,
  { plan, made }: Pick<JudgeInput, 'plan'> & { made: ReadonlyMap<string, number> },
): Notice[] {
  if (end?.evidence.out_of_memory) {
    const message = `${pod} ended with 0, but a process in it was killed because it ran out of memory: it asked for ${end.group.resources.memory_gb} GB; check its output, or raise ${manifestPath(end.group)}.resources.memory`;
    return [{ code: 'out_of_memory', message }];
  }
  if (plan.groups[group]?.role === 'worker-group' && (made.get(pod) ?? 0) > 1) {
    const message = `${pod} was lost while the job ran, and made anew; Ray did again what it had been doing`;
    return [{ code: 'pod_replaced', message }];
  }
  return [];
}
