import type { ObservedRayJob } from '../api/objects.ts';
import type { Standing, Surroundings } from './jobset-pods.ts';
import { exitedZero, type Sight } from '../status/sight.ts';

const SUCCEEDED: Standing = { status: 'Succeeded', reason: null };
const FAILED: Standing = { status: 'Failed', reason: 'end' };

/**
 * Where a pod of a RayJob stands. The job's status decides: KubeRay makes lost nodes anew, a submitter may be started
 * again, so none of them has ended before the attempt has. Nodes that are stopped after a success have succeeded too.
 */
export function standInRayJob(sight: Sight, around: Surroundings, rayjob: ObservedRayJob | null): Standing {
  const { workload, superseded, told } = around;
  if (!superseded && workload.state === 'completed') return SUCCEEDED;
  const isEnding = superseded || told !== null || workload.state === 'failed' || around.gone;
  if (!isEnding || !sight.isOver) {
    return { status: sight.startedAt === null ? 'Pending' : 'Running', reason: null };
  }
  const { jobStatus } = rayjob?.status ?? {};
  if (failedFirst(sight, around, rayjob)) return FAILED;
  if (told !== null) return { status: 'Stopped', reason: told };
  if (around.late) return { status: 'Stopped', reason: 'DeadlineExceeded' };
  const isSubmitter = sight.group.role === 'submitter';
  if (isSubmitter && (superseded || jobStatus === 'FAILED'))
    return { status: 'Failed', reason: 'NonZeroExit' };
  return { status: 'Stopped', reason: 'StoppedWithExperiment' };
}

/** It failed by itself, or the cluster took it, before the job had ended. */
export function failedFirst(
  sight: Sight,
  { workload }: Pick<Surroundings, 'workload'>,
  rayjob: ObservedRayJob | null,
): boolean {
  if (!sight.isOver || exitedZero(sight)) return false;
  const end = Date.parse(workload.endedAt ?? rayjob?.status?.endTime ?? '');
  const at = sight.askedAt ?? Date.parse(sight.endedAt ?? '');
  if (!Number.isNaN(end) && at > end) return false;
  return sight.byItself || sight.disrupted !== null;
}
