import { objectName } from '../../../../operators/object-name.ts';
import { RESOURCES, type ObservedRayJob } from '../../api/objects.ts';
import type { PodView, WorkloadView } from '../../status/model.ts';
import type { JudgeInput } from '../../status/verdict.ts';
import { attemptOfRayJob, isHeld } from './ray-attempt.ts';
import { judgeRayFailure } from './ray-failure.ts';
import { placeRayPods } from './ray-places.ts';
import { judgeRayUnfinished } from './ray-unfinished.ts';
import { standInRayJob } from './ray-pods.ts';
import type { Workload } from '../workload.ts';

/** What carries the operator kuberay. */
export const RAYJOB: Workload = {
  resource: RESOURCES.rayjobs,
  product: 'KubeRay',
  watched: 'rayjob',
  object: ({ rayjob }) => rayjob,
  said: ({ rayjob }) => saidOf(rayjob ?? {}),
  attempt: ({ rayjob }) => attemptOfRayJob(rayjob),
  place: placeRayPods,
  stand: standInRayJob,
  failure: judgeRayFailure,
  unfinished: judgeRayUnfinished,
  disturbed: lostHead,
  owners({ planned }, { rayjob }, experimentId) {
    const name = objectName(experimentId);
    const cluster = rayjob?.status?.rayClusterName ?? name;
    return new Set([name, cluster, `${name}-${planned.type}-${planned.job_index}`]);
  },
  resumes: false,
  copes: ({ rayjob }) => Boolean(rayjob?.status?.jobStatus),
};

type Said = Pick<WorkloadView, 'state' | 'message' | 'reason' | 'endedAt'>;

/**
 * Only the job's own status tells success: the RayJob is `Complete` too when its job was stopped, and `Failed` or
 * about to be retried when only the submitter failed.
 */
function saidOf(rayjob: Pick<ObservedRayJob, 'metadata' | 'spec' | 'status'>): Said {
  const { jobStatus, jobDeploymentStatus: deployment = '', message, reason, endTime } = rayjob.status ?? {};
  const isOver = deployment === 'Complete' || deployment === 'Failed' || deployment === 'ValidationFailed';
  const isGoing = rayjob.metadata?.deletionTimestamp !== undefined;
  const said = { message: message ?? null, reason: reason ?? null };
  // One that is removed had its job done before.
  if (jobStatus === 'SUCCEEDED' && (isOver || isGoing || deployment === 'Retrying')) {
    return { ...said, state: 'completed', endedAt: endTime ?? null };
  }
  if (isOver) return { ...said, state: 'failed', endedAt: endTime ?? null };
  return { ...said, state: isHeld(rayjob) ? 'suspended' : 'live', endedAt: null };
}

/** Only the head counts, where the driver runs: Ray itself makes good for other nodes. */
function lostHead({ plan, view }: JudgeInput): PodView | null {
  const head = view.pods.find((pod) => plan.groups[pod.group]?.role === 'head');
  const end = Date.parse(view.workload.endedAt ?? '');
  const isLost =
    head?.object !== undefined && head.end !== null && Date.parse(head.fact.ended_at ?? '') < end;
  return isLost && head !== undefined && (head.disrupted !== null || head.deletedBeforeEnd) ? head : null;
}
