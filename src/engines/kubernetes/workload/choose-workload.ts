import type { Plan } from '../../../experiment/plan/plan.ts';
import { workloadKind } from '../../../operators/table.ts';
import { JOBSET } from './jobset.ts';
import { RAYJOB } from './ray/rayjob.ts';
import type { Workload } from './workload.ts';

/** What carries a plan, by its operator's row in the table of operators: a RayJob for Ray, else a JobSet. */
export function workloadOf({ operator }: Pick<Plan, 'operator'>): Workload {
  return workloadKind(operator) === 'rayjob' ? RAYJOB : JOBSET;
}
