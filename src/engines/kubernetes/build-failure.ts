import type { Explanation } from '../../experiment/explain.ts';
import type { BuildWait } from './build-waiting.ts';
import { buildError } from './build-error.ts';
import { digestOf, type BuildContainer, type BuildView } from './build-view.ts';

export interface BuildFailing {
  view: BuildView;
  /** Why its pod does not start; null: nothing is known to be in the way. */
  waiting: BuildWait | null;
  experimentId: string;
  /** The build's own limit, in seconds. */
  deadlineS: number;
  /** The end of what it printed. */
  output: string;
}

/** Why a build has failed, or never can succeed; null: it goes on, or it succeeded. Pure. */
export function explainBuildFailure(failing: BuildFailing): Explanation | null {
  const { view, waiting } = failing;
  const said =
    explainEnd(failing) ??
    explainJob(failing) ??
    (waiting?.hopeless === true ? `the build cannot start: ${waiting.message}` : null);
  if (said === null) return null;
  const isRemoved = view.build.end === null && view.job === null;
  return { reason: isRemoved ? 'RemovedOutside' : 'BuildFailed', explanation: said };
}

/** What its containers ended with. */
function explainEnd({ view: { pod, upload, build }, experimentId, output }: BuildFailing): string | null {
  const end = [upload, build].map(failedEnd).find((each) => each !== null);
  if (end === undefined)
    return build.end !== null && digestOf(build.end.message) === null
      ? `the image was built, but BuildKit did not say which it is: ${lastLine(build.end.message)}`
      : null;
  const evicted = evictionOf(pod);
  if (evicted !== null) return `the build was ended by the cluster: ${evicted}; resubmit`;
  if (end.reason === 'OOMKilled')
    return `the build ran out of memory (exit ${end.code}); build less at a time, or have the node's memory free for it`;
  const log = `aichor experiments logs ${experimentId} --step build`;
  const text = output === '' ? end.message : output;
  const error =
    buildError(text) ?? `exit code ${end.code}${lastLine(text) === '' ? '' : `: ${lastLine(text)}`}`;
  return `the image could not be built: ${error}; all it printed: ${log}`;
}

function failedEnd({ end }: BuildContainer): NonNullable<BuildContainer['end']> | null {
  return end === null || end.code === 0 ? null : end;
}

/** The Job's own end, where its pod has none. */
function explainJob({ view, waiting, deadlineS }: BuildFailing): string | null {
  const { job, jobFailure, build } = view;
  if (build.end !== null) return null;
  if (job === null) return 'the Job that built the image was deleted by somebody else; resubmit';
  if (jobFailure === null) return null;
  if (jobFailure.reason === 'DeadlineExceeded') {
    const never = waiting === null ? '' : `; it never started: ${waiting.message}`;
    return `building took longer than ${deadlineS} s, which is the engine's limit for it (build.deadline_s)${never}`;
  }
  const evicted = evictionOf(view.pod);
  return evicted === null
    ? `the pod that built the image was removed (${jobFailure.message || jobFailure.reason}); resubmit`
    : `the build was ended by the cluster: ${evicted}; resubmit`;
}

/** Null: it was not evicted, preempted or lost with its node. */
function evictionOf(pod: BuildView['pod']): string | null {
  const { status } = pod ?? {};
  if (status?.reason !== undefined) return status.message ?? status.reason;
  const condition = status?.conditions?.find(
    (each) => each.type === 'DisruptionTarget' && each.status === 'True',
  );
  return condition === undefined ? null : (condition.message ?? condition.reason ?? 'disrupted');
}

function lastLine(text: string): string {
  return text.trimEnd().split('\n').at(-1)?.trim().slice(0, 300) ?? '';
}
