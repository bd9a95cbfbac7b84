import type { ViewInput, WorkloadView } from '../status/attempt-view.ts';
import type { Condition, Observed, ObservedJobSet, ObservedRayJob } from '../api/objects.ts';

const NONE: WorkloadView = {
  state: 'missing',
  message: null,
  reason: null,
  uid: null,
  createdAt: null,
  endedAt: null,
  deleting: false,
};

/** The object that stands for the experiment, as its controller describes it, or did before it went. */
export function viewWorkload({ observed, memory, workloads }: Known): WorkloadView {
  const { jobset, rayjob } = observed;
  if (jobset !== null) return { ...identity(jobset), ...viewJobSet(jobset) };
  if (rayjob !== null) return { ...identity(rayjob), ...viewRayJob(rayjob) };
  const isPresent = memory.ended !== null && memory.ended.uid === workloads.at(-1)?.uid;
  return isPresent && memory.ended !== null ? memory.ended : NONE;
}

type Known = Pick<ViewInput, 'observed' | 'memory' | 'workloads'>;

type Identity = Pick<WorkloadView, 'uid' | 'createdAt' | 'deleting'>;

function identity({ metadata }: ObservedJobSet | ObservedRayJob): Identity {
  return {
    uid: metadata?.uid ?? null,
    createdAt: metadata?.creationTimestamp ?? null,
    deleting: metadata?.deletionTimestamp !== undefined,
  };
}

type Said = Omit<WorkloadView, keyof Identity>;

function viewJobSet({ spec, status }: ObservedJobSet): Said {
  const { conditions = [] } = status ?? {};
  const said = (condition: Condition | null, state: WorkloadView['state']): Said => ({
    state,
    message: condition?.message ?? null,
    reason: condition?.reason ?? null,
    endedAt: state === 'failed' || state === 'completed' ? (condition?.lastTransitionTime ?? null) : null,
  });
  const failed = trueCondition(conditions, 'Failed');
  if (failed !== null || status?.terminalState === 'Failed') return said(failed, 'failed');
  const completed = trueCondition(conditions, 'Completed');
  if (completed !== null || status?.terminalState === 'Completed') return said(completed, 'completed');
  const suspended = trueCondition(conditions, 'Suspended');
  if (spec?.suspend === true) return said(suspended, 'suspended');
  return said(null, 'live');
}

function trueCondition(conditions: readonly Condition[], type: string): Condition | null {
  return conditions.find((each) => each.type === type && each.status === 'True') ?? null;
}

/**
 * Only the job's own status tells success: the RayJob is `Complete` too when its job was stopped, and `Failed` or
 * about to be retried when only the submitter failed.
 */
function viewRayJob({ spec, status }: ObservedRayJob): Said {
  const { jobStatus, jobDeploymentStatus: deployment = '', message, reason, endTime } = status ?? {};
  const isOver = deployment === 'Complete' || deployment === 'Failed' || deployment === 'ValidationFailed';
  const said = { message: message ?? null, reason: reason ?? null };
  if (jobStatus === 'SUCCEEDED' && (isOver || deployment === 'Retrying')) {
    return { ...said, state: 'completed', endedAt: endTime ?? null };
  }
  if (isOver) return { ...said, state: 'failed', endedAt: endTime ?? null };
  const isHeld = deployment === 'Suspending' || deployment === 'Suspended' || spec?.suspend === true;
  return { ...said, state: isHeld ? 'suspended' : 'live', endedAt: null };
}

/** Number of the attempt that the workload itself is at, counted from 1 in this workload. */
export function attemptOf({ jobset, rayjob }: Observed): number {
  if (jobset !== null) return (jobset.status?.restarts ?? 0) + 1;
  const { failed = 0, jobDeploymentStatus } = rayjob?.status ?? {};
  return jobDeploymentStatus === 'Failed' ? Math.max(1, failed) : failed + 1;
}
