import { closeSync, openSync } from 'node:fs';
import { createConnection } from 'node:net';
import { startChild } from '../../../base/io/start.ts';
import type { Processes } from '../../../machine/processes.ts';
import { EXPERIMENT_MARK, POD_MARK } from '../pod/pod-environment.ts';

/**
 * A program beside an experiment's pods. Its name stands where a pod's would: so it is found again when the server was
 * away, and ended with the experiment.
 */
interface Beside {
  name: string;
  experimentId: string;
  /** All of its environment. */
  env: Record<string, string>;
  /** File that it prints to. */
  log: string;
}

/** Starts it, in a session of its own. That it could not be started is seen by its not running. */
export function launchBeside(words: readonly string[], { name, experimentId, env, log }: Beside): void {
  const [program = '', ...rest] = words;
  const out = openSync(log, 'a', 0o600);
  try {
    const child = startChild(program, rest, {
      env: { ...env, [EXPERIMENT_MARK]: experimentId, [POD_MARK]: name },
      detached: true,
      stdio: ['ignore', out, out],
    });
    child.once('error', () => undefined);
    child.unref();
  } finally {
    closeSync(out);
  }
}

export async function runsBeside(
  processes: Processes,
  { name, experimentId }: Pick<Beside, 'name' | 'experimentId'>,
): Promise<boolean> {
  const marked = await processes.marked(EXPERIMENT_MARK, experimentId, POD_MARK);
  return marked.some(({ also }) => also === name);
}

/** Whether somebody listens on a port of 127.0.0.1. */
export function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ port, host: '127.0.0.1' });
    const end = (isUp: boolean) => {
      socket.destroy();
      resolve(isUp);
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
  });
}
