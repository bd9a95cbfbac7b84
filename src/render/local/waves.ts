import type { PlannedPod } from '../../experiment/plan/planned-pods.ts';

/** A pod's place in the order of things. */
export type WavePod = Pick<PlannedPod, 'pod' | 'type' | 'job_index' | 'pod_index' | 'wave'>;

/** One job's pods over time: `lanes` run side by side, the pods of a lane one after the other. */
export interface JobLanes<Pod extends WavePod = WavePod> {
  type: string;
  job_index: number;
  /** As many as pods of the job run at the same time; lane n holds the nth pod of each wave. */
  lanes: Pod[][];
}

/** Every job as lanes, in the order of the pods. All pods are taken to last equally long. */
export function jobLanes<Pod extends WavePod>(pods: readonly Pod[]): JobLanes<Pod>[] {
  const jobs = new Map<string, { lanes: JobLanes<Pod>; filled: number[] }>();
  for (const pod of pods) {
    const key = `${pod.job_index} ${pod.type}`;
    const job = jobs.get(key) ?? {
      lanes: { type: pod.type, job_index: pod.job_index, lanes: [] },
      filled: [],
    };
    jobs.set(key, job);
    const lane = job.filled[pod.wave] ?? 0;
    job.filled[pod.wave] = lane + 1;
    (job.lanes.lanes[lane] ??= []).push(pod);
  }
  return [...jobs.values()].map(({ lanes }) => lanes);
}

/** Pods by wave: those of wave 0 start at once, those of wave n as the ones before them in their job end. */
export function podsByWave<Pod extends WavePod>(pods: readonly Pod[]): Pod[][] {
  const waves: Pod[][] = [];
  for (const pod of pods) (waves[pod.wave] ??= []).push(pod);
  return waves;
}
