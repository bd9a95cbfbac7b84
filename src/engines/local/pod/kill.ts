import { sleep } from '../../../base/async/abort.ts';
import { signalGroup, signalProcess } from '../../../machine/signals.ts';
import type { Processes } from '../../../machine/processes.ts';
import { EXPERIMENT_MARK, POD_MARK } from './pod-environment.ts';
import type { LivePod } from './pod.ts';

/** How often it is looked for survivors; killed processes need a moment until they are gone. */
const ROUNDS = 200;
const PAUSE_MS = 25;

/**
 * Ends what is left of pods: their groups, and whatever carries their name in its environment, double forks and
 * sessions of their own included. SIGKILL also takes stopped processes.
 *
 * @param pods names; null: everything of the experiment. What has lost its pod's name goes with the experiment
 * @returns processes that outlived it (a system call that does not end); usually none
 */
export async function sweep(
  processes: Processes,
  experimentId: string,
  pods: ReadonlySet<string> | null,
): Promise<number[]> {
  for (let round = 0; ; round++) {
    const marked = await processes.marked(EXPERIMENT_MARK, experimentId, POD_MARK);
    const left = marked
      .filter(({ also }) => pods === null || (also !== null && pods.has(also)))
      .map(({ pid }) => pid);
    if (left.length === 0 || round === ROUNDS) return left;
    for (const pid of left) signalProcess(pid, 'SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, round === 0 ? 5 : PAUSE_MS));
  }
}

/**
 * Kills the pod's process group, unless its number belongs to a stranger by now: a group's number is not given
 * out again while it has members, so it is ours when its leader is the shim, or nobody.
 */
export async function killGroup(processes: Processes, pod: Pick<LivePod, 'identity'>): Promise<void> {
  const { identity } = pod;
  if (identity === null || identity.boot !== (await processes.bootId())) return;
  const leader = await processes.identify(identity.pid);
  if (leader === null || leader.start === identity.start) signalGroup(identity.pid, 'SIGKILL');
}

/** Waits until nothing is left of pods' groups, for some seconds at most. False: something is, or seems to be. */
export async function groupsGone(pods: readonly Pick<LivePod, 'identity'>[]): Promise<boolean> {
  for (let round = 0; round < ROUNDS; round++) {
    const left = pods.some(({ identity }) => identity !== null && signalGroup(identity.pid, 0));
    if (!left) return true;
    await sleep(round < 10 ? 2 : PAUSE_MS);
  }
  return false;
}
