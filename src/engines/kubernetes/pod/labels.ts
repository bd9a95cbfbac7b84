const JOBSET = 'jobset.sigs.k8s.io';
const COMPLETION_INDEX = 'batch.kubernetes.io/job-completion-index';

/** Labels (JobSet and Job write some as annotations too) by which pods are told apart. */
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

interface Labelled {
  labels: Readonly<Record<string, string>>;
}

export function labelOf({ labels }: Labelled, label: keyof typeof LABELS): string | null {
  return labels[LABELS[label]] ?? null;
}

/** A label that is a number, counted from 0. */
export function indexOf(pod: Labelled, label: keyof typeof LABELS): number | null {
  const text = labelOf(pod, label);
  return text !== null && /^\d+$/.test(text) ? Number(text) : null;
}
