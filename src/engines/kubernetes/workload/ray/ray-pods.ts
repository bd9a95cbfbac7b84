import type { ObservedRayJob } from '../../api/objects.ts';
import { exitedZero } from '../../status/sight.ts';
import type { Sight, Standing, WorkloadSurroundings } from '../../status/model.ts';

const SUCCEEDED: Standing = { status: 'Succeeded', reason: null };
const FAILED: Standing = { status: 'Failed', reason: 'end' };

/**
 * Where pods of a RayJob stand. The job's status decides: KubeRay makes lost nodes anew, a submitter may be started
 * again, so none of them has ended before the attempt has. Nodes that are stopped after a success have succeeded too.
 */
export function standInRayJob(around: WorkloadSurroundings): (sight: Sight) => Standing {
  const { workload, superseded, told, observed } = around;
  const { rayjob } = observed;
  const { jobStatus } = rayjob?.status ?? {};
  const isEnding = superseded || told !== null || workload.state === 'failed' || around.gone;
  return (sight) => {
    if (!superseded && workload.state === 'completed') return SUCCEEDED;
    if (!isEnding || !sight.isOver)
      return { status: sight.startedAt === null ? 'Pending' : 'Running', reason: null };
    if (around.suspended) return { status: 'Stopped', reason: 'Evicted' };
    if (failedFirst(sight, around, rayjob)) return FAILED;
    if (told !== null) return { status: 'Stopped', reason: told };
    if (isRayJobLate(rayjob)) return { status: 'Stopped', reason: 'DeadlineExceeded' };
    const isSubmitter = sight.group.role === 'submitter';
    if (isSubmitter && (superseded || jobStatus === 'FAILED'))
      return { status: 'Failed', reason: 'NonZeroExit' };
    return { status: 'Stopped', reason: 'StoppedWithExperiment' };
  };
}

/** The cluster's own deadline, which is later than ours, has ended it. */
export function isRayJobLate(rayjob: ObservedRayJob | null): boolean {
  return rayjob?.status?.reason === 'DeadlineExceeded';
}

/**
 * It failed by itself, or the cluster took it, before the job had ended. A head that was deleted took the driver with it;
 * of other nodes KubeRay deletes what it makes anew.
 */
function failedFirst(
  sight: Sight,
  { workload, told, superseded }: WorkloadSurroundings,
  rayjob: ObservedRayJob | null,
): boolean {
  if (!sight.isOver) return false;
  // Once the job was tried again its end is that of a later attempt, before which KubeRay has deleted this one's pods.
  const end = superseded ? NaN : Date.parse(workload.endedAt ?? rayjob?.status?.endTime ?? '');
  const at = sight.askedAt ?? Date.parse(sight.endedAt ?? '');
  if (!Number.isNaN(end) && at > end) return false;
  if (sight.group.role === 'head' && sight.deletedBeforeEnd && told === null && at <= end) return true;
  return !exitedZero(sight) && (sight.byItself || sight.disrupted !== null);
}
