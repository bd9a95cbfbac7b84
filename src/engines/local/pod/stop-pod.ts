import type { ChildProcess } from 'node:child_process';
import { startChild } from '../../../base/io/start.ts';
import { open } from 'node:fs/promises';
import { aborted, onAbort, sleepUnless } from '../../../base/async/abort.ts';
import { briefly } from '../../../base/io/brief.ts';
import { isDiskFull } from '../../../base/io/disk-full.ts';
import { isThere } from '../../../base/io/files.ts';
import { place } from '../../../base/io/place.ts';
import type { Processes } from '../../../machine/processes.ts';
import { signalGroup } from '../../../machine/signals.ts';
import type { LivePod } from './pod.ts';
import { wayInside, type Containment } from '../mounts/containment.ts';
import type { InsideOptions } from '../container/containers.ts';
import { killGroup } from './kill.ts';

/** A pod younger than this may not have become its command yet. */
const JUST_STARTED_MS = 1000;

export interface StopOptions {
  processes: Processes;
  /** Milliseconds that are left of the grace. */
  grace_ms: number;
  /** `gracefulTermination.shutdownCommand`; empty: none. */
  shutdown_command: readonly string[];
  folder: string;
  /** The same in the pod's own eyes. */
  start: string;
  /** Words before a command that give it the pod's mounts. */
  enter: readonly string[];
  /** How pods got processes of their own; null: they share the machine's. */
  containment: Containment | null;
  /** Signals what no signal to its group reaches; false: there is no such thing, or it does not run. */
  signal: (name: 'TERM' | 'KILL') => Promise<boolean>;
  /** Words before a command that run it in its container; absent: it has none. */
  inside?: ((options: InsideOptions) => string[]) | undefined;
  env: Record<string, string>;
  stdout: string;
  stderr: string;
  detach: AbortSignal;
  /** The shutdown command failed or could not be started: what happened. */
  complain: (message: string) => void;
}

/**
 * Ends one pod the way a cluster does: the shutdown command in the pod's folder and environment, then SIGTERM to
 * its group, and when the grace is over SIGKILL. The command's time counts within the grace. Returns when the pod
 * has ended or was killed; at once when the server leaves.
 */
export async function stopPod(pod: LivePod, options: StopOptions): Promise<void> {
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(), Math.max(0, options.grace_ms));
  onAbort(pod.ended.signal, () => over.abort());
  onAbort(options.detach, () => over.abort());
  try {
    if (options.shutdown_command.length > 0 && (await isFirstTime(pod)))
      await runShutdownCommand(pod, options, over.signal);
    for (const pause of tellingTimes(pod)) await tell(pod, pause, { over: over.signal, ...options });
    await aborted(over.signal);
  } finally {
    clearTimeout(timer);
  }
  if (pod.ended.signal.aborted || options.detach.aborted) return;
  await options.signal('KILL');
  await killGroup(options.processes, pod);
}

/**
 * A signal that comes while a shell forks is lost between the two: a pod that was only just started is told several
 * times. Milliseconds before each.
 */
function tellingTimes({ started_at }: LivePod): readonly number[] {
  const age = started_at === null ? 0 : Date.now() - started_at.getTime();
  return age < JUST_STARTED_MS ? [0, 100, 400, 1500] : [0];
}

async function tell(
  { identity }: LivePod,
  pauseMs: number,
  { over, signal }: Pick<StopOptions, 'signal'> & { over: AbortSignal },
): Promise<void> {
  if (identity === null || !(await sleepUnless(over, pauseMs)) || (await signal('TERM'))) return;
  signalGroup(identity.pid, 'SIGTERM');
  signalGroup(identity.pid, 'SIGCONT');
}

/** Whether the pod is told for the first time; after a restart of the server the command is not run again. */
async function isFirstTime(pod: LivePod): Promise<boolean> {
  const path = `${pod.base}.stopping`;
  if (await isThere(path)) return false;
  try {
    await place(path, '');
  } catch (error) {
    // It may be run again after a restart of the server; not to run it would be worse.
    if (!isDiskFull(error)) throw error;
  }
  return true;
}

async function runShutdownCommand(pod: LivePod, options: StopOptions, over: AbortSignal): Promise<void> {
  const { inside } = options;
  const way = inside?.({ stdin: false, terminal: false, variables: {} }) ?? (await wayInside(pod, options));
  const { ended } = await briefly(async () => {
    const [stdout, stderr] = await Promise.all([open(options.stdout, 'a'), open(options.stderr, 'a')]);
    try {
      const ended = runUntil(over, () => {
        const [program = '', ...words] = [...way, ...options.shutdown_command];
        return startChild(program, words, {
          cwd: options.folder,
          env: options.env,
          detached: true,
          stdio: ['ignore', stdout.fd, stderr.fd],
        });
      });
      return { ended };
    } finally {
      await Promise.all([stdout.close(), stderr.close()]);
    }
  });
  const said = await ended;
  const isOurs = !pod.ended.signal.aborted && !options.detach.aborted;
  if (said !== null && isOurs) options.complain(`${pod.name}: the shutdown command failed: ${said}`);
}

/** Waits for a child, and kills its group when the signal comes first. What went wrong, or null. */
function runUntil(over: AbortSignal, start: () => ChildProcess): Promise<string | null> {
  return new Promise((resolve) => {
    try {
      const child = start();
      child.once('error', (error) => resolve(error.message));
      child.once('exit', (code, signal) =>
        resolve(code === 0 ? null : `it ended with ${signal ?? `exit code ${code}`}`),
      );
      onAbort(over, () => {
        if (child.pid !== undefined && child.exitCode === null && child.signalCode === null)
          signalGroup(child.pid, 'SIGKILL');
        resolve('it did not end within the grace period');
      });
    } catch (error) {
      resolve(error instanceof Error ? error.message : String(error));
    }
  });
}
