import type { Explanation } from '../../../experiment/failure/explain.ts';
import type { BuildWait } from './build-waiting.ts';
import { conditionOf } from '../pod/disruption.ts';
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
  const end = [view.upload, view.build].map(failedEnd).find((each) => each !== null) ?? null;
  if (end === null && view.build.end !== null) return failed(explainSuccess(view.build.end));
  if (view.job === null)
    return {
      reason: 'RemovedOutside',
      explanation: 'the Job that built the image was deleted by somebody else; resubmit',
    };
  const byJob = view.jobFailure === null ? null : explainJob(failing, view.jobFailure);
  // Why a pod is being deleted is known when its Job says so.
  if (byJob === null && view.pod !== null && view.pod.deletion !== null) return null;
  if (byJob !== null) return failed(byJob);
  if (end !== null) return failed(explainEnd(failing, end));
  return failed(waiting?.hopeless === true ? `the build cannot start: ${waiting.message}` : null);
}

function failed(explanation: string | null): Explanation | null {
  return explanation === null ? null : { reason: 'BuildFailed', explanation };
}

type End = NonNullable<BuildContainer['end']>;

function failedEnd({ end }: BuildContainer): End | null {
  return end === null || end.code === 0 ? null : end;
}

function explainSuccess({ message }: End): string | null {
  if (digestOf(message) !== null) return null;
  return `the image was built, but BuildKit did not say which it is: ${lastLine(message)}`;
}

/** How the cluster ended it; null: it ended by itself. */
function explainJob(
  { view: { pod, build }, waiting, deadlineS }: BuildFailing,
  { reason, message }: NonNullable<BuildView['jobFailure']>,
): string | null {
  if (reason === 'DeadlineExceeded') {
    const never = waiting === null ? '' : `; it never started: ${waiting.message}`;
    return `building took longer than ${deadlineS} s, which is the engine's limit for it (build.deadline_s)${never}`;
  }
  const evicted = evictionOf(pod);
  if (evicted !== null) return `the build was ended by the cluster: ${evicted}; resubmit`;
  const isRemoved = pod === null ? build.end === null : pod.deletion !== null;
  return isRemoved
    ? `the pod that built the image was deleted by somebody else (${message || reason}); resubmit`
    : null;
}

/** What a container ended with by itself. */
function explainEnd(
  { experimentId, output, view: { pod } }: BuildFailing,
  { code, reason, message }: End,
): string {
  const evicted = evictionOf(pod);
  if (evicted !== null) return `the build was ended by the cluster: ${evicted}; resubmit`;
  if (reason === 'OOMKilled')
    return `the build ran out of memory (exit ${code}); build less at a time, or have more of the node's memory free for it`;
  const text = output === '' ? message : output;
  const last = lastLine(text);
  const error = buildError(text) ?? `exit code ${code}${last === '' ? '' : `: ${last}`}`;
  const log = `aichor experiments logs ${experimentId} --step build`;
  return `the image could not be built: ${error}; all it printed: ${log}`;
}

/** Null: it was not evicted, preempted or lost with its node. */
function evictionOf(pod: BuildView['pod']): string | null {
  if (pod === null) return null;
  if (pod.reason !== null) return pod.message ?? pod.reason;
  const condition = conditionOf(pod, 'DisruptionTarget');
  return condition?.status === 'True' ? (condition.message ?? condition.reason ?? 'disrupted') : null;
}

function lastLine(text: string): string {
  return text.trimEnd().split('\n').at(-1)?.trim().slice(0, 300) ?? '';
}
