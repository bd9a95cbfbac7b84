import { sleep } from '../base/async/abort.ts';
import { run } from '../base/io/run.ts';
import { AichorError } from '../errors.ts';
import { serverFileIn } from './server-file.ts';
import { chooseProcesses } from '../machine/choose-processes.ts';

const LOOK_AGAIN_MS = 20;

/**
 * Ends the server of a state folder with SIGKILL, which it survives as any other end: what runs goes on. Returns when its
 * process is gone; at once when there is none. A process that has the number now and is no server of ours is left alone.
 */
export async function endServer(dataFolder: string, signal: AbortSignal): Promise<void> {
  const pid = serverFileIn(dataFolder)?.pid;
  if (pid === undefined) return;
  const processes = chooseProcesses(process.env, process.platform);
  const identity = await processes.identify(pid);
  if (identity === null || !(await isServer(pid))) return;
  process.kill(pid, 'SIGKILL');
  while (await processes.isAlive(identity)) await sleep(LOOK_AGAIN_MS, signal);
}

async function isServer(pid: number): Promise<boolean> {
  const { stdout } = await run('ps', ['-o', 'args=', '-p', String(pid)], { env: process.env });
  return /\bserver start\b/.test(stdout);
}

/** A server that was told to leave and has not left in time. */
export function stillThere(pid: number, waitedMs: number): AichorError {
  return new AichorError(
    'timeout',
    `the control plane (pid ${pid}) still runs ${waitedMs / 1000} s after it was told to leave`,
    {
      hint: `aichor server logs may say why; kill ${pid} ends it, and harms no experiment`,
    },
  );
}
