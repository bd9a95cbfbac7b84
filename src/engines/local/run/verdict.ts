import { explainPodEnd, type Explanation, type PodEnd } from '../../../experiment/failure/explain.ts';
import type { Reason } from '../../../experiment/status.ts';
import { explainInFramework } from '../../../experiment/failure/framework-failure.ts';
import { lastOutput } from '../../last-output.ts';
import { tellPod, type Attempt } from './attempt-state.ts';
import { hasFailed, hasSucceeded, type LivePod } from '../pod/pod.ts';
import type { StopMark } from './stop-mark.ts';

/** A pod is over: its verdict is found and told. */
export async function endPod(
  attempt: Attempt,
  pod: LivePod,
  how: { end: PodEnd; at: Date; by_itself: boolean },
): Promise<void> {
  pod.phase = 'ended';
  pod.end = how.end;
  pod.ended_at = how.at;
  pod.by_itself = how.by_itself;
  if (hasSucceeded(pod)) pod.status = 'Succeeded';
  else if (hasFailed(pod)) [pod.status, pod.reason] = ['Failed', (await explain(attempt, pod)).reason];
  else if (attempt.mark?.cause === 'done') pod.status = 'Succeeded';
  else [pod.status, pod.reason] = ['Stopped', stopReason(attempt.mark)];
  pod.ended.abort();
  tellPod(attempt, pod);
}

/** Why a pod failed, with the evidence there is. */
export async function explain(attempt: Attempt, pod: LivePod): Promise<Explanation> {
  const group = attempt.run.context.plan.groups[pod.planned.group];
  if (group === undefined || pod.end === null) throw new Error(`${pod.name} has no group or has not ended`);
  pod.out_of_memory ??= await wasOutOfMemory(attempt, pod.end);
  const framework = pod.out_of_memory ? null : await explainByOutput(attempt, pod, pod.end);
  if (framework !== null) return framework;
  const evidence = { out_of_memory: pod.out_of_memory, peak_memory_bytes: pod.peak_memory_bytes };
  const experiment = attempt.run.context.experimentId;
  return explainPodEnd({ experiment, pod: pod.name, group, end: pod.end, evidence });
}

/** In the terms of its framework: by what it printed last, and by what the other ranks did when it ended. */
async function explainByOutput(attempt: Attempt, pod: LivePod, end: PodEnd): Promise<Explanation | null> {
  if (end.how === 'not-started') return null;
  const { context, logs } = attempt.run;
  pod.tail ??= await lastOutput(
    await Promise.all(pod.logs.map((source) => logs.open(source))),
    context.secrets,
  );
  const at = pod.ended_at ?? new Date();
  const others = attempt.pods.filter((other) => other !== pod);
  const ranksOf = (pods: readonly LivePod[]) => pods.map(({ planned }) => planned.rank);
  return explainInFramework({
    operator: context.plan.operator,
    experiment: context.experimentId,
    pod: pod.name,
    rank: pod.planned.rank,
    code: end.how === 'exited' ? end.code : null,
    tail: pod.tail,
    running: ranksOf(others.filter(({ phase, ended_at: ended }) => phase === 'live' || (ended ?? at) > at)),
    finished: ranksOf(others.filter((other) => hasSucceeded(other) && (other.ended_at ?? at) <= at)),
  });
}

/** A SIGKILL that nobody here sent, and a kill for want of memory counted since the last look at the counters. */
async function wasOutOfMemory({ run, memory }: Attempt, end: PodEnd): Promise<boolean> {
  const killed = end.how === 'vanished' || (end.how === 'exited' && end.code === 137);
  const before = memory.killsBefore();
  if (!killed || before === null) return false;
  const now = await run.deps.oom.kills();
  return now !== null && now > before;
}

function stopReason(mark: StopMark | null): Reason {
  if (mark?.cause === 'cancel') return 'CancelledByUser';
  return mark?.cause === 'deadline' ? 'DeadlineExceeded' : 'StoppedWithExperiment';
}
