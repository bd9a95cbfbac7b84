import { readdir } from 'node:fs/promises';
import { tellPod, type Attempt } from './attempt-state.ts';
import type { LivePod } from '../pod/pod.ts';
import { EXPERIMENT_MARK, POD_MARK } from '../pod/pod-environment.ts';
import { readPodFiles, type PodFiles } from '../pod/pod-files.ts';
import { CLAIM_FAILED } from '../pod/shim.ts';
import { endPod } from './verdict.ts';

/** Looks after which a claimed pod that nobody can see counts as dead: its shim may be just about to say who it is. */
const UNSEEN_LIMIT = 3;

/**
 * Brings what is known of the pods up to date with what their files say, and tells the changes.
 *
 * @param thorough also ask the system whether those that say nothing still live
 * @returns the pods that have ended since the last look
 */
export async function observePods(attempt: Attempt, thorough: boolean): Promise<LivePod[]> {
  const open = attempt.pods.filter((pod) => pod.phase !== 'ended');
  await readFiles(attempt, open);
  const silent = open.filter((pod) => pod.phase === 'live' && (thorough || pod.look));
  for (const pod of silent) pod.look = false;
  const dead = await deadOf(attempt, silent);
  // Who was dead before this second reading has written its exit code, if it ever will.
  if (dead.length > 0) await readFiles(attempt, dead);
  for (const pod of dead.filter(({ phase }) => phase === 'live')) {
    const at = attempt.run.deps.now();
    await endPod(attempt, pod, { end: { how: 'vanished' }, at, by_itself: attempt.mark === null });
  }
  return open.filter((pod) => pod.phase === 'ended');
}

async function readFiles(attempt: Attempt, pods: readonly LivePod[]): Promise<void> {
  const names: ReadonlySet<string> = new Set(await readdir(attempt.folder));
  for (const pod of pods) {
    const files = readPodFiles(pod, names);
    adopt(attempt, pod, files);
    if (pod.phase !== 'ended' && files.exit !== null) await finish(attempt, pod, files.exit);
    else if (!files.claimed && pod.child_code === CLAIM_FAILED) await failToClaim(attempt, pod);
  }
}

/** Takes over what the files say of a pod that runs, whoever started it. */
function adopt(attempt: Attempt, pod: LivePod, files: PodFiles): void {
  if (files.claimed && pod.phase === 'waiting') pod.phase = 'live';
  if (files.identity === null || pod.identity !== null) return;
  pod.identity = files.identity;
  pod.started_at = files.started_at;
  pod.status = 'Running';
  tellPod(attempt, pod);
}

async function finish(attempt: Attempt, pod: LivePod, exit: NonNullable<PodFiles['exit']>): Promise<void> {
  const { mark } = attempt;
  const byItself = mark === null || exit.at_ns <= mark.at_ns;
  await endPod(attempt, pod, { end: { how: 'exited', code: exit.code }, at: exit.at, by_itself: byItself });
}

async function failToClaim(attempt: Attempt, pod: LivePod): Promise<void> {
  const detail = `no file can be made in ${attempt.folder}; is the disk full, or the folder gone?`;
  const end = { how: 'not-started', detail, disk_full: false } as const;
  await endPod(attempt, pod, { end, at: attempt.run.deps.now(), by_itself: attempt.mark === null });
}

/** Those of the pods of whom nothing lives any more. */
async function deadOf({ run }: Attempt, pods: readonly LivePod[]): Promise<LivePod[]> {
  const { processes } = run.deps;
  const nameless = pods.filter(({ identity }) => identity === null);
  const known = pods.flatMap(({ identity }) => (identity === null ? [] : [identity]));
  const living = known.length === 0 ? new Set() : await processes.living(known);
  const seen = new Set<string | null>();
  if (nameless.length > 0) {
    const marked = await processes.marked(EXPERIMENT_MARK, run.context.experimentId, POD_MARK);
    for (const { also } of marked) seen.add(also);
  }
  return pods.filter((pod) => {
    if (pod.identity !== null) return !living.has(pod.identity);
    return !seen.has(pod.name) && ++pod.unseen >= UNSEEN_LIMIT;
  });
}
