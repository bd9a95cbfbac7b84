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

/** All pods ever created for a plan, in rank order. kuberay's submitter comes last and has a rank too. */
export function plannedPods(plan: Pick<Plan, 'groups'>): PlannedPod[] {
  const pods: PlannedPod[] = [];
  let globalJobIndex = 0;
  for (const [groupIndex, group] of plan.groups.entries()) {
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
