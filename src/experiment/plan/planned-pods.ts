import type { Plan } from './plan.ts';

/** One pod of a plan, named `<group>-<job index>-<pod index>`. */
export interface PlannedPod {
  pod: string;
  type: string;
  group: number;
  job_index: number;
  pod_index: number;
  /** Index of the job over all groups. */
  global_job_index: number;
  /** Place among all pods in order of group, job, pod. */
  rank: number;
  /** When it starts within its job: pods of wave n start as pods of wave n-1 end. */
  wave: number;
}

/** There may be thousands, and they are asked for at each look at them. */
const known = new WeakMap<Plan['groups'], readonly PlannedPod[]>();

/** All pods ever created for a plan, in rank order. kuberay's submitter comes last and has a rank too. */
export function plannedPods({ groups }: Pick<Plan, 'groups'>): readonly PlannedPod[] {
  const pods = known.get(groups) ?? podsOf(groups);
  known.set(groups, pods);
  return pods;
}

function podsOf(groups: Plan['groups']): PlannedPod[] {
  const pods: PlannedPod[] = [];
  let globalJobIndex = 0;
  for (const [groupIndex, group] of groups.entries()) {
    for (let job = 0; job < group.replicas; job++, globalJobIndex++) {
      for (let index = 0; index < group.completions; index++) {
        pods.push({
          pod: `${group.name}-${job}-${index}`,
          type: group.name,
          group: groupIndex,
          job_index: job,
          pod_index: index,
          global_job_index: globalJobIndex,
          rank: pods.length,
          wave: Math.floor(index / group.parallelism),
        });
      }
    }
  }
  return pods;
}
