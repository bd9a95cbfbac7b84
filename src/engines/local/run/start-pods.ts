import { eachAtMost } from '../../../base/async/at-most.ts';
import { crashPoint } from '../../../base/io/crash-point.ts';
import { isDiskFull } from '../../../base/io/disk-full.ts';
import { readText } from '../../../base/io/files.ts';
import { place } from '../../../base/io/place.ts';
import { isAichorError } from '../../../errors.ts';
import type { Plan } from '../../../experiment/plan/plan.ts';
import type { PlannedPod } from '../../../experiment/plan/planned-pods.ts';
import type { RunContext } from '../../engine.ts';
import { containmentWords, type Containment } from '../mounts/containment.ts';
import type { Bind } from '../mounts/skeleton.ts';
import { launchPods, type PodStart } from '../pod/launch.ts';
import { POD_COMMAND } from '../pod/pod-environment.ts';
import type { LivePod, PodPhase } from '../pod/pod.ts';
import type { PreparedPod, PreparePod } from '../pod/prepare-pod.ts';
import { installPrograms, shimArguments } from '../pod/shim.ts';
import { sharesWorkdir } from '../pod/workdir.ts';
import type { Host } from '../shared/host.ts';
import type { LocalWorkload } from '../workload.ts';
import type { Attempt } from './attempt-state.ts';
import type { RunClock } from './deadline.ts';
import type { Verdicts } from './verdict.ts';

/** Working copies and log files that are made at the same time. */
const AT_ONCE = 8;

/** What starting pods takes. */
export interface Starting extends Pick<Host, 'processes' | 'gpus' | 'now' | 'bash' | 'atATime'> {
  context: Pick<RunContext, 'plan' | 'directory' | 'snapshot' | 'stop' | 'detach'>;
  prepare: PreparePod;
  containment: Containment | null;
  shown: readonly Bind[];
  workload: Pick<LocalWorkload, 'command'>;
  verdicts: Pick<Verdicts, 'end'>;
  clock: Pick<RunClock, 'begin'>;
}

/**
 * Starts pods together: first everything that takes time is made for all, then all are launched.
 * What cannot be started has ended. Pods that must wait for a GPU are passed over, and all that have not been
 * spawned when the experiment is stopped or the server leaves.
 *
 * @returns how many wait for a GPU
 */
export async function startPods(attempt: Attempt, due: readonly LivePod[], by: Starting): Promise<number> {
  const { context, prepare, clock } = by;
  const ready: LivePod[] = [];
  for (const pod of due) if (await takeGpus(pod, by)) ready.push(pod);
  const prepared = new Map<LivePod, PreparedPod>();
  const givenUp = AbortSignal.any([context.stop, context.detach]);
  const atOnce = sharesWorkdir(context.snapshot.bytes) ? 1 : AT_ONCE;
  await eachAtMost(atOnce, ready, (pod) =>
    attempting(attempt, { pod, by }, async () => {
      prepared.set(pod, await by.atATime.preparations(() => prepare(pod, attempt.number, givenUp)));
    }),
  );
  crashPoint('engine-pods-prepared');
  if (prepared.size > 0) await clock.begin();
  if (prepared.size > 0) await beginLaunch(attempt, prepared, by);
  crashPoint('engine-pods-started');
  return due.length - ready.length;
}

/**
 * The pods to start now, in rank order: of each job as many as may run beside its live ones, in order of pod
 * index; the next one starts as one ends. Jobs do not wait for each other.
 */
export function duePods(
  plan: Pick<Plan, 'groups'>,
  pods: readonly PlannedPod[],
  phaseOf: (pod: string) => PodPhase,
): PlannedPod[] {
  const free = new Map<number, number>();
  for (const pod of pods) {
    const room = free.get(pod.global_job_index) ?? plan.groups[pod.group]?.parallelism ?? 1;
    free.set(pod.global_job_index, phaseOf(pod.pod) === 'live' ? room - 1 : room);
  }
  return pods.filter((pod) => {
    const room = free.get(pod.global_job_index) ?? 0;
    if (phaseOf(pod.pod) !== 'waiting' || room <= 0) return false;
    free.set(pod.global_job_index, room - 1);
    return true;
  });
}

/** Returns once it is their turn; how it goes on is told by their files. */
function beginLaunch(
  attempt: Attempt,
  prepared: ReadonlyMap<LivePod, PreparedPod>,
  by: Starting,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const launched = by.atATime.launches(async () => {
      if (isGivenUp(by)) return;
      const all = await launch(attempt, prepared, by);
      resolve();
      await all.begun;
    });
    launched.then(resolve, reject);
  });
}

/** @returns `begun`: when all of them have begun, or could not */
async function launch(
  attempt: Attempt,
  prepared: ReadonlyMap<LivePod, PreparedPod>,
  by: Starting,
): Promise<{ begun: Promise<void> }> {
  const { containment, shown, processes, workload, context } = by;
  const programs = await installPrograms(context.directory);
  const spaces = containment === null ? null : containmentWords(containment);
  const starts: PodStart[] = [];
  const pods = new Map([...prepared.keys()].map((pod) => [pod.name, pod]));
  for (const [pod, { folder, env, enter, inside, stdout, stderr }] of prepared) {
    const hostName = spaces === null ? null : pod.name;
    const own = workload.command(pod.planned, attempt);
    // A container has its command from when it was made.
    const command = inside === undefined ? (own ?? (enter.length > 0 ? POD_COMMAND : null)) : [];
    // Mounts of its own bring its processes with them.
    const words = enter.length > 0 ? enter : (spaces?.command ?? []);
    const call = { shim: programs.shim, base: pod.base, pod: pod.name, hostName, enter: words, command };
    const shim = ['sh', ...(await shimArguments(call, processes))];
    starts.push({ name: pod.name, folder, env, stdout, stderr, words: [...(spaces?.pod ?? []), ...shim] });
  }
  for (const pod of prepared.keys()) pod.phase = 'live';
  const begun = launchPods(starts, {
    starter: programs.starter,
    bash: await by.bash(),
    outside: spaces?.starter ?? [],
    shown: containment === null ? null : { files: shown, mount: containment.entrance.mount },
    failed(name, detail) {
      const pod = pods.get(name);
      if (pod === undefined || pod.phase === 'ended' || pod.identity !== null) return;
      void notStarted(attempt, { pod, why: { detail, disk_full: false } }, by).then(attempt.wake.call);
    },
    ended(names) {
      for (const name of names) {
        const pod = pods.get(name);
        if (pod !== undefined) pod.look = true;
      }
      attempt.wake.call();
    },
  });
  crashPoint('engine-pod-spawned');
  return { begun };
}

/** What goes wrong on the way is how this pod ended. A bug is thrown. */
async function attempting(
  attempt: Attempt,
  { pod, by }: { pod: LivePod; by: Starting },
  act: () => Promise<void>,
): Promise<void> {
  if (isGivenUp(by)) return;
  try {
    await act();
  } catch (error) {
    if (isGivenUp(by)) return;
    const isSystem = error instanceof Error && 'syscall' in error;
    if (!isSystem && !isAichorError(error)) throw error;
    await notStarted(attempt, { pod, why: { detail: error.message, disk_full: isDiskFull(error) } }, by);
  }
}

function isGivenUp({ context }: Starting): boolean {
  return context.stop.aborted || context.detach.aborted;
}

async function notStarted(
  { mark }: Attempt,
  { pod, why }: { pod: LivePod; why: { detail: string; disk_full: boolean } },
  { verdicts, now }: Starting,
): Promise<void> {
  await verdicts.end(pod, { end: { how: 'not-started', ...why }, at: now(), by_itself: mark === null });
}

/** Its share of the machine's GPUs, written down so that a restart finds it; false while there are too few. */
async function takeGpus(pod: LivePod, { context: { plan }, gpus }: Starting): Promise<boolean> {
  const wanted = plan.groups[pod.planned.group]?.resources.gpus ?? 0;
  if (wanted === 0 || pod.devices !== null || (await gpus.devices()).length === 0) return true;
  const devices = await gpus.take(wanted);
  if (devices === null) return false;
  pod.devices = devices;
  await place(`${pod.base}.gpus`, devices.join(','));
  return true;
}

/** The devices a pod was given before a restart. */
export async function readGpus(base: string): Promise<string[]> {
  return (await readText(`${base}.gpus`)).split(',');
}
