import { explainExhausted, type Explanation } from '../../../experiment/failure/explain.ts';
import { spoilersOf } from '../pod/spoilt.ts';
import { isOfJob, rootFailure } from '../status/root-failure.ts';
import { FAILURE_LAG_MS, late, waitOn, type JudgeInput, type Judgement } from '../status/verdict.ts';
import { failsAtOnce, firstFailedJob, hasPassedDeadline } from './job-end.ts';

/** What a JobSet failed of, once the pod or the Job that it followed from is seen. */
export function judgeJobSetFailure(input: JudgeInput): Judgement {
  const { view, observed, plan, now } = input;
  const { message, reason, endedAt } = view.workload;
  if (hasPassedDeadline(observed)) return late(plan.timeout_s);
  const job = firstFailedJob(message);
  const failure = rootFailure(input, job);
  if (failure?.sure && !view.superseded) return failure.verdict;
  const spoilt = view.superseded ? null : spoiltBy(input, job);
  if (spoilt !== null) return { kind: 'failed', ...spoilt, root: null };
  const wait = waitOn(endedAt, FAILURE_LAG_MS, now);
  if (wait !== null) return wait;
  if (failsAtOnce(view.workload) && plan.timeout_s !== null) return late(plan.timeout_s);
  if (failure !== null) return failure.verdict;
  const explanation = `the JobSet failed, and no pod shows why: ${message ?? reason ?? 'it does not say'}`;
  return { kind: 'failed', reason: 'EngineLost', explanation, root: null };
}

/** A pod whose command ended with 0 and that failed of a container which somebody added, in the Job that is named. Null: none did. */
function spoiltBy({ view, experimentId }: JudgeInput, job: string | null): Explanation | null {
  for (const { pod, fact, source } of view.pods) {
    if (fact.status !== 'Succeeded' || source === null) continue;
    const [spoiler] = job === null || isOfJob({ pod, experimentId }, job) ? spoilersOf(source) : [];
    if (spoiler === undefined) continue;
    const what = `container ${spoiler.name}, which the cluster added, ended with code ${spoiler.code} in ${pod}, whose command had ended with 0`;
    const why = 'Kubernetes takes such a pod for failed, and the other pods were ended for that';
    const cure = 'have it added as a sidecar (an init container with restartPolicy: Always), or not at all';
    return explainExhausted({ reason: 'NonZeroExit', explanation: `${what}: ${why}; ${cure}` }, view.tries);
  }
  return null;
}
