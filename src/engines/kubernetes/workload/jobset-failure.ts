import { rootFailure } from '../status/root-failure.ts';
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
  const wait = waitOn(endedAt, FAILURE_LAG_MS, now);
  if (wait !== null) return wait;
  if (failsAtOnce(view.workload) && plan.timeout_s !== null) return late(plan.timeout_s);
  if (failure !== null) return failure.verdict;
  const explanation = `the JobSet failed, and no pod shows why: ${message ?? reason ?? 'it does not say'}`;
  return { kind: 'failed', reason: 'EngineLost', explanation, root: null };
}
