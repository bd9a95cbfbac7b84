import { spoilersOf } from '../pod/spoilt.ts';
import { exitedZero } from '../status/sight.ts';
import type { Sight, Standing, WorkloadSurroundings } from '../status/model.ts';
import { failsAtOnce, hasPassedDeadline } from './job-end.ts';

const RUNNING: Standing = { status: 'Running', reason: null };
const PENDING: Standing = { status: 'Pending', reason: null };
const FAILED: Standing = { status: 'Failed', reason: 'end' };

const STOPPED: Standing = { status: 'Stopped', reason: 'StoppedWithExperiment' };

/**
 * Where pods of a JobSet stand. One that was told to end was stopped if there is a cause for it: we told it, another
 * pod had failed, the JobSet goes. Without one somebody evicted or deleted it, and that is a failure; as long as it is
 * not known which, nothing is said.
 */
export function standInJobSet(around: WorkloadSurroundings): (sight: Sight) => Standing {
  const { observed, sights, workload, superseded, told } = around;
  const causes = causesOf(sights);
  const isLate =
    hasPassedDeadline(observed) ||
    (failsAtOnce(workload) && sights.every(({ disrupted }) => disrupted === null));
  return (sight) => {
    const { startedAt, isOver, byItself, disrupted } = sight;
    if (!isOver) return startedAt === null ? PENDING : RUNNING;
    if (byItself) return exitedZero(sight) ? { status: 'Succeeded', reason: null } : FAILED;
    if (around.suspended) return { status: 'Stopped', reason: 'Evicted' };
    if (disrupted !== null) return FAILED;
    if (told !== null) return { status: 'Stopped', reason: told };
    if (isLate) return { status: 'Stopped', reason: 'DeadlineExceeded' };
    if (causes.some((other) => other !== sight && ledTo(other, sight))) return STOPPED;
    if (around.gone) return superseded ? FAILED : STOPPED;
    if (superseded || workload.state === 'failed' || workload.state === 'completed') return FAILED;
    return startedAt === null ? PENDING : RUNNING;
  };
}

/** Times are whole seconds. */
const SECOND_MS = 1000;

/** The first pod that failed by itself or was taken by the cluster, and the first that was deleted for no such reason. */
function causesOf(sights: readonly Sight[]): Sight[] {
  const failed = sights.filter((sight) => sight.isOver && (!exitedZero(sight) || isSpoilt(sight)));
  const own = (sight: Sight) => sight.byItself || sight.disrupted !== null;
  const [first] = failed
    .filter(own)
    .toSorted((a, b) => comparing([endOfTime(a), a.planned.rank], [endOfTime(b), b.planned.rank]));
  const [deleted] = failed
    .filter((sight) => !own(sight))
    .toSorted((a, b) => comparing(placeInTime(a), placeInTime(b)));
  return [first, deleted].filter((sight) => sight !== undefined);
}

/** It failed of a container that somebody added. */
function isSpoilt({ byItself, latest }: Sight): boolean {
  return byItself && latest !== null && spoilersOf(latest.source).length > 0;
}

/** One pod's failure is why the other was deleted: it was over when that was asked for. */
function ledTo(cause: Sight, deleted: Sight): boolean {
  if (deleted.askedAt === null || !(endOfTime(cause) < deleted.askedAt + SECOND_MS)) return false;
  if (cause.byItself || cause.disrupted !== null) return true;
  return comparing(placeInTime(cause), placeInTime(deleted)) < 0;
}

function endOfTime({ endedAt }: Sight): number {
  return endedAt === null ? Infinity : Date.parse(endedAt);
}

function placeInTime(sight: Sight): number[] {
  return [sight.askedAt ?? 0, endOfTime(sight), sight.planned.rank];
}

function comparing(a: readonly number[], b: readonly number[]): number {
  for (const [index, value] of a.entries()) {
    const other = b[index] ?? 0;
    if (value !== other) return value < other ? -1 : 1;
  }
  return 0;
}
