import type { ObservedRayJob } from '../api/objects.ts';

/** Number of the attempt that a RayJob is at, counted from 1. */
export function attemptOfRayJob(rayjob: ObservedRayJob | null): number {
  const { failed = 0, jobDeploymentStatus } = rayjob?.status ?? {};
  return jobDeploymentStatus === 'Failed' ? Math.max(1, failed) : failed + 1;
}
