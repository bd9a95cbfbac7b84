import { plannedPods, type Plan, type PlannedPod } from '../../experiment/plan.ts';

/** One job's pods over time: `lanes` run side by side, the pods of a lane one after the other. */
export interface JobLanes {
  type: string;
  job_index: number;
  /** Jobs of this type. */
  jobs: number;
  /** As many lanes as pods run at the same time; lane n holds the pods n, n + parallelism, … */
  lanes: PlannedPod[][];
}

/** Every job of a plan as lanes, in the order of global job indexes; pods are taken to last equally long. */
export function jobLanes(plan: Pick<Plan, 'groups'>): JobLanes[] {
  const jobs = new Map<number, JobLanes>();
  for (const pod of plannedPods(plan)) {
    const group = plan.groups[pod.group];
    const parallelism = Math.max(1, group?.parallelism ?? 1);
    const job = jobs.get(pod.global_job_index) ?? {
      type: pod.type,
      job_index: pod.job_index,
      jobs: group?.replicas ?? 1,
      lanes: [],
    };
    jobs.set(pod.global_job_index, job);
    (job.lanes[pod.pod_index % parallelism] ??= []).push(pod);
  }
  return [...jobs.values()];
}

/** Pods by wave: those of wave 0 start at once, those of wave n as the ones before them in their job end. */
export function podsByWave(plan: Pick<Plan, 'groups'>): PlannedPod[][] {
  const waves: PlannedPod[][] = [];
  for (const pod of plannedPods(plan)) (waves[pod.wave] ??= []).push(pod);
  return waves;
}
