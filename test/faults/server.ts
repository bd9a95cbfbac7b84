import { spawn } from 'node:child_process';
import { join } from 'node:path';

export const BIN = join(import.meta.dirname, '../../bin/aichor.js');

/** A control plane as a process of the test. */
export interface Server {
  pid: number;
  alive(): boolean;
  /** `kill -9`; returns when it is gone. */
  kill(): Promise<void>;
  /** How it ended: the signal, or null when it left by itself. */
  ended: Promise<NodeJS.Signals | null>;
}

export interface ServerLimits {
  /** Files, sockets and pipes that it may have open; null: as many as this process. */
  descriptors?: number | null;
  /** Of `server start`; one of a single user unless said. */
  flags?: string[];
}

/**
 * Starts a control plane; returns when it answers, or has ended.
 *
 * @param crashAt name of a crash point, `name:n` for the n-th time it is passed; empty: none
 */
export async function startServer(
  env: NodeJS.ProcessEnv,
  crashAt = '',
  { descriptors = null, flags = ['--embedded'] }: ServerLimits = {},
): Promise<Server> {
  const words = [process.execPath, BIN, 'server', 'start', ...flags];
  const limited = ['sh', '-c', `ulimit -n ${descriptors} && exec "$@"`, 'sh', ...words];
  const [program = '', ...args] = descriptors === null ? words : limited;
  const child = spawn(program, args, {
    env: { ...env, AICHOR_CRASH_AT: crashAt },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const { pid, stdout } = child;
  if (pid === undefined) throw new Error('the control plane could not be started');
  const ended = new Promise<NodeJS.Signals | null>((resolve) =>
    child.once('exit', (_code, signal) => resolve(signal)),
  );
  await Promise.race([new Promise((resolve) => stdout.once('data', resolve)), ended]);
  return {
    pid,
    alive: () => child.exitCode === null && child.signalCode === null,
    ended,
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
