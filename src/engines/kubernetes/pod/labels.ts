import { plannedPods, type PlannedPod } from '../../../experiment/planned-pods.ts';
import type { Plan } from '../../../experiment/plan.ts';
import type { Pod } from '../api/objects.ts';

const JOBSET = 'jobset.sigs.k8s.io';
const COMPLETION_INDEX = 'batch.kubernetes.io/job-completion-index';

/** Labels by which pods are told apart. */
export const LABELS = {
  type: 'aichor.io/type',
  jobsetUid: `${JOBSET}/jobset-uid`,
  replicatedJob: `${JOBSET}/replicatedjob-name`,
  jobIndex: `${JOBSET}/job-index`,
  restartAttempt: `${JOBSET}/restart-attempt`,
  jobName: 'batch.kubernetes.io/job-name',
  completionIndex: COMPLETION_INDEX,
  rayCluster: 'ray.io/cluster',
  rayGroup: 'ray.io/group',
  rayNodeType: 'ray.io/node-type',
  /** KubeRay 1.6 and later. */
  rayReplica: 'ray.io/worker-group-replica-index',
  /** KubeRay 1.6 and later, where a replica has several hosts. */
  rayHost: 'ray.io/replica-host-index',
} as const;

export function labelOf(pod: Pod, label: keyof typeof LABELS): string | null {
  const { labels, annotations } = pod.metadata ?? {};
  return labels?.[LABELS[label]] ?? annotations?.[LABELS[label]] ?? null;
}

/** A label that is a number, counted from 0. */
export function indexOf(pod: Pod, label: keyof typeof LABELS): number | null {
  const text = labelOf(pod, label);
  return text !== null && /^\d+$/.test(text) ? Number(text) : null;
}

/** The planned pods by our names for them. */
export function planIndex(plan: Pick<Plan, 'groups'>): ReadonlyMap<string, PlannedPod> {
  return new Map(plannedPods(plan).map((planned) => [planned.pod, planned]));
}

/** Our name for a pod of a JobSet, `<type>-<job index>-<pod index>`; null: it is not one. */
export function jobSetPodName(pod: Pod): string | null {
  const type = labelOf(pod, 'replicatedJob');
  const job = indexOf(pod, 'jobIndex');
  const index = indexOf(pod, 'completionIndex');
  return type === null || job === null || index === null ? null : `${type}-${job}-${index}`;
}

/** How often the whole JobSet had been started again when this pod was made. */
export function restartsBefore(pod: Pod): number {
  return indexOf(pod, 'restartAttempt') ?? 0;
}

export function uidOf({ metadata }: Pick<Pod, 'metadata'>): string {
  return metadata?.uid ?? '';
}
