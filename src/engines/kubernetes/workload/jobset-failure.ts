import { explainDeadline } from '../../../experiment/explain.ts';
import { failsAtOnce, firstFailedJob, isLate } from './job-end.ts';
import type { FailedVerdict, JudgeInput, Verdict } from '../status/judge.ts';
import { rootFailure } from '../status/root-failure.ts';

/** How long after a JobSet's end its pods and Jobs may be unknown: their watches are others. */
export const LAG_MS = 2000;

/** What a JobSet failed of, once the pod or the Job that it followed from is seen. */
export function judgeJobSetFailure(input: JudgeInput): Verdict {
  const { view, observed, plan, now } = input;
  const { message, reason, endedAt } = view.workload;
  if (isLate(observed)) return late(plan.timeout_s);
  const job = firstFailedJob(message);
  const failure = rootFailure(input, job);
  if (failure?.sure && !view.superseded) return failure.verdict;
  const wait = waitOn(endedAt, LAG_MS, now);
  if (wait !== null) return wait;
  if (failsAtOnce(view.workload) && plan.timeout_s !== null) return late(plan.timeout_s);
  if (failure !== null) return failure.verdict;
  const explanation = `the JobSet failed, and no pod shows why: ${message ?? reason ?? 'it does not say'}`;
  return { kind: 'failed', reason: 'EngineLost', explanation, root: null };
}

/** Nothing can be said yet, until so long after the end. Null: that is over. */
export function waitOn(endedAt: string | null, lagMs: number, now: Date): Verdict | null {
  const until = endedAt === null ? now.getTime() : Date.parse(endedAt) + lagMs;
  return now.getTime() < until ? { kind: 'go-on', until: new Date(until).toISOString() } : null;
}

export function late(timeoutS: number | null): FailedVerdict {
  return { kind: 'failed', ...explainDeadline(timeoutS ?? 0), root: null };
}
