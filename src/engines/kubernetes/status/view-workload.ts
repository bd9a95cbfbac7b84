import type { CreatedWorkload, AttemptMemory, WorkloadView } from './model.ts';
import type { Observed } from '../watch/observed.ts';
import type { Workload } from '../workload/workload.ts';

const NONE: WorkloadView = {
  state: 'missing',
  message: null,
  reason: null,
  uid: null,
  createdAt: null,
  endedAt: null,
  deleting: false,
  deletedAt: null,
};

interface Known {
  workload: Workload;
  observed: Observed;
  workloads: readonly CreatedWorkload[];
  memory: AttemptMemory;
}

/** The object that stands for the experiment, as its controller describes it, or did before it went. */
export function viewWorkload({ workload, observed, memory, workloads }: Known): WorkloadView {
  const metadata = workload.object(observed)?.metadata;
  if (metadata !== undefined) {
    return {
      ...workload.said(observed),
      uid: metadata.uid ?? null,
      createdAt: metadata.creationTimestamp ?? null,
      deleting: metadata.deletionTimestamp !== undefined,
      deletedAt: metadata.deletionTimestamp ?? null,
    };
  }
  const isPresent = memory.ended !== null && memory.ended.uid === workloads.at(-1)?.uid;
  return isPresent && memory.ended !== null ? memory.ended : NONE;
}

/** Attempts before the first of the present workload. */
export function offsetOf({ workload, observed, workloads }: Omit<Known, 'memory'>): number {
  const uid = workload.object(observed)?.metadata?.uid;
  return (workloads.find((each) => each.uid === uid) ?? workloads.at(-1))?.offset ?? 0;
}
