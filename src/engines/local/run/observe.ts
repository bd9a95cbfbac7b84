import { readdir } from 'node:fs/promises';
import type { FactQueue } from '../../facts.ts';
import { EXPERIMENT_MARK, POD_MARK } from '../pod/pod-environment.ts';
import { readPodFiles, type PodRecords } from '../pod/pod-files.ts';
import type { LivePod } from '../pod/pod.ts';
import type { Host } from '../shared/host.ts';
import { podFact, type Attempt } from './attempt-state.ts';
import type { Verdicts } from './verdict.ts';

/**
 * Looks after which a pod that nobody can see counts as dead: its shim may be just about to say who it is, and one that
 * was only just launched may have to wait for a processor.
 */
const UNSEEN_LIMIT = { claimed: 3, launched: 60 };

/** Looks after which an exit code that is not written waits for room on the disk: writing one takes no time. */
const EXIT_WAITS_LIMIT = 2;

export interface Observer extends Pick<Host, 'processes' | 'now' | 'gpus'> {
  experimentId: string;
  facts: Pick<FactQueue, 'push'>;
  verdicts: Pick<Verdicts, 'end'>;
}

/**
 * Brings what is known of the pods up to date with what their files say, and tells the changes.
 *
 * @param thorough also ask the system whether those that say nothing still live
 * @returns the pods that have ended since the last look
 */
export async function observePods(attempt: Attempt, thorough: boolean, by: Observer): Promise<LivePod[]> {
  const open = attempt.pods.filter((pod) => pod.phase !== 'ended');
  await readFiles(attempt, open, by);
  if (thorough) for (const pod of open) lookForRoom(attempt, pod, by);
  const silent = open.filter((pod) => pod.phase === 'live' && (thorough || pod.look));
  for (const pod of silent) pod.look = false;
  const dead = await deadOf(silent, by);
  // Who was dead before this second reading has written its exit code, if it ever will.
  if (dead.length > 0) await readFiles(attempt, dead, by, true);
  for (const pod of dead.filter(({ phase }) => phase === 'live'))
    await by.verdicts.end(pod, { end: { how: 'vanished' }, at: by.now(), by_itself: attempt.mark === null });
  return open.filter((pod) => pod.phase === 'ended');
}

async function readFiles(
  attempt: Attempt,
  pods: readonly LivePod[],
  by: Observer,
  areGone = false,
): Promise<void> {
  const names: ReadonlySet<string> = new Set(await readdir(attempt.folder));
  for (const pod of pods) {
    const files = readPodFiles(pod, names, areGone);
    adopt(attempt, { pod, files }, by);
    if (!files.exit_waits) pod.exit_waits = 0;
    else if (pod.exit_waits === 0) pod.exit_waits = 1;
    if (pod.phase !== 'ended' && files.exit !== null) await finish(attempt, { pod, exit: files.exit }, by);
  }
}

/** Takes over what the files say of a pod that runs, whoever started it. */
function adopt(
  attempt: Attempt,
  { pod, files }: { pod: LivePod; files: PodRecords },
  { facts }: Observer,
): void {
  pod.claimed = files.claimed;
  if (files.claimed && pod.phase === 'waiting') pod.phase = 'live';
  if (files.identity === null || pod.identity !== null) return;
  pod.identity = files.identity;
  pod.started_at = files.started_at;
  pod.status = 'Running';
  facts.push(podFact(attempt.number, pod));
}

/** A pod whose exit code finds no room on the disk has ended all the same: what it held is given back, and it is told. */
function lookForRoom({ number }: Attempt, pod: LivePod, { gpus, facts, now }: Observer): void {
  if (pod.phase === 'ended' || pod.exit_waits === 0 || pod.reason === 'DiskFull') return;
  if (pod.exit_waits++ < EXIT_WAITS_LIMIT) return;
  pod.reason = 'DiskFull';
  pod.ended_at = now();
  gpus.give(pod.devices ?? []);
  pod.devices = [];
  facts.push(podFact(number, pod));
}

async function finish(
  { mark }: Attempt,
  { pod, exit }: { pod: LivePod; exit: NonNullable<PodRecords['exit']> },
  { verdicts }: Observer,
): Promise<void> {
  pod.reason = null;
  const byItself = mark === null || exit.at_ns <= mark.at_ns;
  await verdicts.end(pod, { end: { how: 'exited', code: exit.code }, at: exit.at, by_itself: byItself });
}

/** Those of the pods of whom nothing lives any more. */
async function deadOf(pods: readonly LivePod[], { processes, experimentId }: Observer): Promise<LivePod[]> {
  const nameless = pods.filter(({ identity }) => identity === null);
  const known = pods.flatMap(({ identity }) => (identity === null ? [] : [identity]));
  const living = known.length === 0 ? new Set() : await processes.living(known);
  const seen = new Set<string | null>();
  if (nameless.length > 0)
    for (const { also } of await processes.marked(EXPERIMENT_MARK, experimentId, POD_MARK)) seen.add(also);
  return pods.filter((pod) => {
    if (pod.identity !== null) return !living.has(pod.identity);
    return !seen.has(pod.name) && ++pod.unseen >= UNSEEN_LIMIT[pod.claimed ? 'claimed' : 'launched'];
  });
}
