import { isAichorError } from '../../../errors.ts';
import { crashPoint } from '../../../base/io/crash-point.ts';
import { placeFile } from '../../../machine/place-file.ts';
import { readFile } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { type Attempt } from './attempt-state.ts';
import type { RunClock } from './deadline.ts';
import { endPod } from './verdict.ts';
import { withPackages } from '../build/packages/private.ts';
import type { LivePod } from '../pod/pod.ts';
import { POD_COMMAND, processEnvironment } from '../pod/pod-environment.ts';
import { rayPodCommand } from '../ray/pods.ts';
import { shimArguments } from '../pod/shim.ts';
import { describeSpawnError, isDiskFull, spawnPod } from '../pod/spawn-pod.ts';
import { podPlace } from '../pod/pod-place.ts';
import { sharesWorkdir } from '../pod/workdir.ts';

/** Working copies and log files that are made at the same time. */
const AT_ONCE = 8;

export interface PreparedPod {
  folder: string;
  env: Record<string, string>;
  stdout: string;
  stderr: string;
  /** Words before a command that give it the pod's mounts; none where it has none. */
  enter: readonly string[];
}

/**
 * Starts pods together: first everything that takes time is made for all, then one after the other is spawned.
 * What cannot be started has ended. Pods that must wait for a GPU are passed over, and all that have not been
 * spawned when the experiment is stopped or the server leaves.
 *
 * @returns how many wait for a GPU
 */
export async function startPods(
  attempt: Attempt,
  due: readonly LivePod[],
  clock: Pick<RunClock, 'begin'>,
): Promise<number> {
  const ready: LivePod[] = [];
  for (const pod of due) if (await takeGpus(attempt, pod)) ready.push(pod);
  const prepared = new Map<LivePod, PreparedPod>();
  const { context } = attempt.run;
  const givenUp = AbortSignal.any([context.stop, context.detach]);
  const atOnce = sharesWorkdir(context.snapshot.bytes) ? 1 : AT_ONCE;
  await eachAtOnce(ready, atOnce, (pod) =>
    attempting(attempt, pod, async () => {
      prepared.set(pod, await preparePod(attempt, pod, givenUp));
    }),
  );
  crashPoint('engine-pods-prepared');
  if (prepared.size > 0) await clock.begin();
  for (const [pod, what] of prepared) {
    if (givenUp.aborted) break;
    await attempting(attempt, pod, () => start(attempt, pod, what));
    // Spawning holds up everything else this process does: others get their turn in between.
    await setImmediate();
  }
  crashPoint('engine-pods-started');
  return due.length - ready.length;
}

/** What a pod needs to run, and to be told to stop: made when it is not there yet. */
export async function preparePod(
  { run, number }: Attempt,
  pod: LivePod,
  signal: AbortSignal,
): Promise<PreparedPod> {
  const [out, err] = pod.logs;
  if (out === undefined || err === undefined) throw new Error(`${pod.name} has no log sources`);
  const place = await podPlace(run, { attempt: number, pod, signal });
  const hasGpus = (await run.deps.gpus.devices()).length > 0;
  const env = await withPackages(run, {
    attempt: number,
    pod: pod.name,
    env: processEnvironment(run, pod.planned, {
      attempt: number,
      devices: hasGpus ? (pod.devices ?? []) : null,
      root: place.root,
      imports: place.imports,
    }),
  });
  const { folder, enter } = place;
  return { folder, enter, env, stdout: await run.logs.open(out), stderr: await run.logs.open(err) };
}

async function start(attempt: Attempt, pod: LivePod, prepared: PreparedPod): Promise<void> {
  const { run, shim, wake } = attempt;
  pod.phase = 'live';
  const command = run.ray === null ? POD_COMMAND : rayPodCommand(attempt, pod.planned);
  const words = await shimArguments({ shim, base: pod.base, processes: run.deps.processes }, [
    ...prepared.enter,
    ...command,
  ]);
  spawnPod({
    ...prepared,
    arguments: words,
    ended(code) {
      pod.child_code = code;
      pod.look = true;
      wake.call();
    },
    failed(error) {
      void notStarted(attempt, pod, { detail: describeSpawnError(error, prepared), disk_full: false }).then(
        wake.call,
      );
    },
  });
  crashPoint('engine-pod-spawned');
}

/** What goes wrong on the way is how this pod ended. A bug is thrown. */
async function attempting(attempt: Attempt, pod: LivePod, act: () => Promise<void>): Promise<void> {
  if (isGivenUp(attempt)) return;
  try {
    await act();
  } catch (error) {
    if (isGivenUp(attempt)) return;
    const isSystem = error instanceof Error && 'syscall' in error;
    if (!isSystem && !isAichorError(error)) throw error;
    await notStarted(attempt, pod, { detail: error.message, disk_full: isDiskFull(error) });
  }
}

function isGivenUp({ run: { context } }: Attempt): boolean {
  return context.stop.aborted || context.detach.aborted;
}

async function notStarted(
  attempt: Attempt,
  pod: LivePod,
  why: { detail: string; disk_full: boolean },
): Promise<void> {
  const { run, mark } = attempt;
  await endPod(attempt, pod, {
    end: { how: 'not-started', ...why },
    at: run.deps.now(),
    by_itself: mark === null,
  });
}

/** Its share of the machine's GPUs, written down so that a restart finds it; false while there are too few. */
async function takeGpus({ run }: Attempt, pod: LivePod): Promise<boolean> {
  const wanted = run.context.plan.groups[pod.planned.group]?.resources.gpus ?? 0;
  if (wanted === 0 || pod.devices !== null || (await run.deps.gpus.devices()).length === 0) return true;
  const devices = await run.deps.gpus.take(wanted);
  if (devices === null) return false;
  pod.devices = devices;
  await placeFile(`${pod.base}.gpus`, devices.join(','));
  return true;
}

/** The devices a pod was given before a restart. */
export async function readGpus(base: string): Promise<string[]> {
  return (await readFile(`${base}.gpus`, 'utf8')).split(',');
}

async function eachAtOnce<T>(
  items: readonly T[],
  atOnce: number,
  act: (item: T) => Promise<void>,
): Promise<void> {
  const waiting = items.values();
  const workers = Array.from({ length: Math.min(atOnce, items.length) }, async () => {
    for (const item of waiting) await act(item);
  });
  await Promise.all(workers);
}
