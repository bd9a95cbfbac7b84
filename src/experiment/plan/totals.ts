import type { Group, Plan } from './plan.ts';

/** Amounts of several pods together. */
export interface Totals {
  pods: number;
  cpus: number;
  memory_gb: number;
  gpus: number;
}

/** What all pods ever created ask for together (completions multiply; kuberay's submitter is not counted). */
export function planTotals(plan: Pick<Plan, 'groups'>): Totals {
  return sum(plan, ({ replicas, completions }) => replicas * completions);
}

/** What runs at the same time at most: what the queue between experiments counts. */
export function planPeak(plan: Pick<Plan, 'groups'>): Totals {
  return sum(plan, ({ replicas, parallelism, completions }) => replicas * Math.min(parallelism, completions));
}

function sum({ groups }: Pick<Plan, 'groups'>, podsOf: (group: Group) => number): Totals {
  const totals: Totals = { pods: 0, cpus: 0, memory_gb: 0, gpus: 0 };
  for (const group of groups) {
    if (group.role === 'submitter') continue;
    const pods = podsOf(group);
    totals.pods += pods;
    totals.cpus = withoutNoise(totals.cpus + pods * group.resources.cpus);
    totals.memory_gb = withoutNoise(totals.memory_gb + pods * group.resources.memory_gb);
    totals.gpus += pods * group.resources.gpus;
  }
  return totals;
}

/** Sums of decimal fractions without their binary noise. */
function withoutNoise(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}
