import type { Plan } from '../../../experiment/plan/plan.ts';
import { JOBSET } from './jobset.ts';
import { RAYJOB } from './rayjob.ts';
import type { Workload } from './workload.ts';

/** What carries a plan: a RayJob for Ray, a JobSet for everything else. The only place that asks. */
export function workloadOf({ operator }: Pick<Plan, 'operator'>): Workload {
  return operator === 'kuberay' ? RAYJOB : JOBSET;
}
