import type { ObservedRayJob } from '../../api/objects.ts';

/** Number of the attempt that a RayJob is at, counted from 1. */
export function attemptOfRayJob(rayjob: ObservedRayJob | null): number {
  const { failed = 0, jobDeploymentStatus } = rayjob?.status ?? {};
  return jobDeploymentStatus === 'Failed' ? Math.max(1, failed) : failed + 1;
}

/** Of the cluster that it names now: in `Retrying` that of the attempt that failed. */
export function presentAttempt(rayjob: ObservedRayJob | null): number {
  const isRetrying = rayjob?.status?.jobDeploymentStatus === 'Retrying';
  return Math.max(1, attemptOfRayJob(rayjob) - (isRetrying ? 1 : 0));
}

/** It waits to be let go on, or is about to. */
export function isHeld({ spec, status }: Pick<ObservedRayJob, 'spec' | 'status'>): boolean {
  const { jobDeploymentStatus: deployment = '' } = status ?? {};
  return deployment === 'Suspending' || deployment === 'Suspended' || spec?.suspend === true;
}
