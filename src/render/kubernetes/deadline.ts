import { graceOf } from '../../experiment/plan/grace.ts';
import type { Plan } from '../../experiment/plan/plan.ts';

/** How much later than ours the cluster's own deadline is. */
const SLACK_SECONDS = 600;

/**
 * The cluster's deadline, null without a timeout. The control plane ends an experiment in time (it counts across
 * restarts and reads the logs first); this one is for when the control plane is gone.
 */
export function backstopSeconds(plan: Plan): number | null {
  if (plan.timeout_s === null) return null;
  return Math.ceil(plan.timeout_s) + graceOf(plan) + SLACK_SECONDS;
}
