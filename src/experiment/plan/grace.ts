import type { Plan } from './plan.ts';

/** What Kubernetes gives when nobody says otherwise, in seconds. */
const DEFAULT_GRACE_S = 30;

/** Seconds that a pod has between SIGTERM and SIGKILL, its shutdown command included; the same on every engine. */
export function graceOf({ graceful_termination }: Pick<Plan, 'graceful_termination'>): number {
  return graceful_termination?.grace_s ?? DEFAULT_GRACE_S;
}
