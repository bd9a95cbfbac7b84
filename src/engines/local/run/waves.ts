import type { Plan } from '../../../experiment/plan/plan.ts';
import type { PlannedPod } from '../../../experiment/plan/planned-pods.ts';

/** As far as starting is concerned: not yet started, started, ended. */
export type PodPhase = 'waiting' | 'live' | 'ended';

/**
 * The pods to start now, in rank order: of each job as many as may run beside its live ones, in order of pod
 * index; the next one starts as one ends. Jobs do not wait for each other.
 */
export function duePods(
  plan: Pick<Plan, 'groups'>,
  pods: readonly PlannedPod[],
  phaseOf: (pod: string) => PodPhase,
): PlannedPod[] {
  const free = new Map<number, number>();
  for (const pod of pods) {
    const room = free.get(pod.global_job_index) ?? plan.groups[pod.group]?.parallelism ?? 1;
    free.set(pod.global_job_index, phaseOf(pod.pod) === 'live' ? room - 1 : room);
  }
  return pods.filter((pod) => {
    const room = free.get(pod.global_job_index) ?? 0;
    if (phaseOf(pod.pod) !== 'waiting' || room <= 0) return false;
    free.set(pod.global_job_index, room - 1);
    return true;
  });
}
