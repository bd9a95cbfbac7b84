import type { WorkloadView } from '../status/model.ts';
import type { Job } from '../api/objects.ts';
import type { Observed } from '../watch/observed.ts';

/** The Job that a JobSet's message names as the first to fail; null: it names none. */
export function firstFailedJob(message: string | null): string | null {
  return /\(first failed job: ([^)\s]+)\)/.exec(message ?? '')?.[1] ?? null;
}

/** Why a Job failed or is about to, as its controller says (BackoffLimitExceeded, DeadlineExceeded, …); null: it did not. */
function jobFailure({ status }: Job): string | null {
  const failed = status?.conditions?.find(
    ({ type, status: is }) => (type === 'Failed' || type === 'FailureTarget') && is === 'True',
  );
  return failed?.reason ?? null;
}

/** By one of our two rules: the deadline passed, or a pod was evicted (which shows in the pod). */
export function failsAtOnce({ state, reason }: Pick<WorkloadView, 'state' | 'reason'>): boolean {
  return state === 'failed' && reason === 'FailJobSetFailurePolicyAction';
}

/** The cluster's own deadline, which is later than ours, has ended a Job of the JobSet. */
export function hasPassedDeadline({ jobs }: Observed): boolean {
  return jobs.some((job) => isOfJobSet(job) && jobFailure(job) === 'DeadlineExceeded');
}

/** Not the one that builds the image. */
function isOfJobSet({ metadata }: Job): boolean {
  return metadata?.ownerReferences?.some(({ kind }) => kind === 'JobSet') ?? false;
}
