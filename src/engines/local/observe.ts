import { readdir } from 'node:fs/promises';
import { explainPodEnd, type Explanation, type PodEnd } from '../../experiment/explain.ts';
import type { Reason } from '../../experiment/status.ts';
import { tellPod, type Attempt } from './attempt-state.ts';
import { hasFailed, hasSucceeded, type LivePod } from './pod.ts';
import { CLAIM_FAILED } from './shim.ts';
import { readPodFiles, type PodFiles } from './pod-files.ts';
import { EXPERIMENT_MARK, POD_MARK } from './pod-environment.ts';
import type { StopMark } from './stop-mark.ts';

/** Looks after which a claimed pod that nobody can see counts as dead: its shim may be just about to say who it is. */
const UNSEEN_LIMIT = 3;

/**
 * Brings what is known of the pods up to date with what their files say, and tells the changes.
 *
 * @param thorough also ask the system whether those that say nothing still live
 * @returns the pods that have ended since the last look
 */
export async function observePods(attempt: Attempt, thorough: boolean): Promise<LivePod[]> {
  const live = attempt.pods.filter((pod) => pod.phase !== 'ended');
  const questionable = live.filter((pod) => pod.phase === 'live' && (thorough || pod.look));
  for (const pod of questionable) pod.look = false;
  const dead = await deadOf(attempt, questionable);
  const names: ReadonlySet<string> = new Set(await readdir(attempt.folder));
  const ended: LivePod[] = [];
  for (const pod of live) {
    const files = await readPodFiles(pod.base, pod.name, names, pod.identity !== null);
    await update(attempt, pod, files);
    const end = files.exit ?? (dead.has(pod) ? 'vanished' : null);
    if (!files.claimed && pod.child_code === CLAIM_FAILED) await failToClaim(attempt, pod);
    else if (end !== null) await finish(attempt, pod, end);
    if (pod.phase === 'ended') ended.push(pod);
  }
  return ended;
}

async function failToClaim(attempt: Attempt, pod: LivePod): Promise<void> {
  const detail = `no file can be made in ${attempt.folder}; is the disk full, or the folder gone?`;
  const end: PodEnd = { how: 'not-started', detail, disk_full: false };
  await endPod(attempt, pod, { end, at: attempt.run.deps.now(), by_itself: attempt.mark === null });
}

/** Adopts what the files say of a pod that runs, whoever started it. */
async function update(attempt: Attempt, pod: LivePod, files: PodFiles): Promise<void> {
  if (files.claimed && pod.phase === 'waiting') pod.phase = 'live';
  if (files.identity === null || pod.identity !== null) return;
  pod.identity = files.identity;
  pod.started_at = files.started_at;
  pod.status = 'Running';
  tellPod(attempt, pod);
}

/** Asked before the files are read: who is dead then has written its exit code, if it ever will. */
async function deadOf(attempt: Attempt, pods: readonly LivePod[]): Promise<Set<LivePod>> {
  const dead = new Set<LivePod>();
  if (pods.length === 0) return dead;
  const { processes } = attempt.run.deps;
  const known = pods.flatMap(({ identity }) => (identity === null ? [] : [identity]));
  const living = await processes.living(known);
  for (const pod of pods) {
    if (pod.identity !== null) {
      if (!living.has(pod.identity)) dead.add(pod);
    } else if (!(await isSomewhere(attempt, pod)) && ++pod.unseen >= UNSEEN_LIMIT) {
      dead.add(pod);
    }
  }
  return dead;
}

async function isSomewhere({ run }: Attempt, pod: LivePod): Promise<boolean> {
  const marks = { [EXPERIMENT_MARK]: run.context.experimentId, [POD_MARK]: pod.name };
  return (await run.deps.processes.withEnvironment(marks)).length > 0;
}

async function finish(
  attempt: Attempt,
  pod: LivePod,
  end: NonNullable<PodFiles['exit']> | 'vanished',
): Promise<void> {
  const { mark } = attempt;
  const seen: PodEnd = end === 'vanished' ? { how: 'vanished' } : { how: 'exited', code: end.code };
  const byItself = mark === null || (end !== 'vanished' && end.at_ns <= mark.at_ns);
  await endPod(attempt, pod, {
    end: seen,
    at: end === 'vanished' ? attempt.run.deps.now() : end.at,
    by_itself: byItself,
  });
}

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
  else [pod.status, pod.reason] = ['Stopped', stopReason(attempt.mark)];
  pod.ended.abort();
  tellPod(attempt, pod);
}

/** Why a pod failed, with the evidence there is. */
export async function explain(attempt: Attempt, pod: LivePod): Promise<Explanation> {
  const group = attempt.run.context.plan.groups[pod.planned.group];
  if (group === undefined || pod.end === null) throw new Error(`${pod.name} has no group or has not ended`);
  pod.out_of_memory ??= await wasOutOfMemory(attempt, pod.end);
  const evidence = { out_of_memory: pod.out_of_memory, peak_memory_bytes: pod.peak_memory_bytes };
  return explainPodEnd({ pod: pod.name, group, end: pod.end, evidence });
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
