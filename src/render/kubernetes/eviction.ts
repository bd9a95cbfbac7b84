import type { Plan } from '../../experiment/plan/plan.ts';

/** Evictions are worth a restart to operators whose pods do not depend on each other, and to Ray. */
export function restartsEvicted({ operator }: Pick<Plan, 'operator'>): boolean {
  return operator === 'jobset' || operator === 'kuberay';
}
