import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { findProgram } from '../../../machine/find-program.ts';
import type { Processes } from '../../../machine/processes.ts';
import { freePort } from '../../../machine/ports.ts';
import { placeFile } from '../../../machine/place-file.ts';
import { readIfThere } from '../../../machine/capacity.ts';
import { EXPERIMENT_MARK, POD_MARK } from '../pod/pod-environment.ts';

/** What stands where a pod's name would: so it is found again, and ended with the experiment. */
export const TENSORBOARD = 'tensorboard';

/** It answers after 2 seconds; on a machine that is busy with training, later. */
const PATIENCE_MS = 90_000;
const PAUSE_MS = 100;

/** Hours that a TensorBoard of a finished experiment stays. */
const HOURS = 12;

export interface TensorBoard {
  experimentId: string;
  /** Folder of the events. */
  events: string;
  /** Where its port and its output are kept. */
  directory: string;
  /** Environment of the experiment's pods: PATH says which TensorBoard. */
  env: Record<string, string>;
  processes: Processes;
  /** It stays when the experiment has ended, for some hours. */
  stays: boolean;
}

/**
 * Starts TensorBoard, unless this experiment's runs already.
 *
 * @returns its address as soon as it answers; `absent` when there is no such program; else what it said when it failed
 */
export async function startTensorBoard(board: TensorBoard, signal: AbortSignal): Promise<Started> {
  const program = await findProgram(TENSORBOARD, board.env['PATH'] ?? '');
  if (program === null) return { kind: 'absent' };
  let port = (await isRunning(board)) ? await keptPort(board) : null;
  if (port === null) {
    port = await freePort();
    await placeFile(join(board.directory, 'tensorboard.port'), String(port));
    await launch(program, port, board);
  }
  for (let waited = 0; waited < PATIENCE_MS && !signal.aborted; waited += PAUSE_MS) {
    if (await answers(port)) return { kind: 'up', url: `http://127.0.0.1:${port}/` };
    if (waited > 1000 && !(await isRunning(board))) break;
    await delay(PAUSE_MS);
  }
  return { kind: 'failed', detail: await lastLine(join(board.directory, 'tensorboard.log')) };
}

export type Started = { kind: 'up'; url: string } | { kind: 'absent' } | { kind: 'failed'; detail: string };

/** What to say when the environment has no TensorBoard. */
export function howToGetTensorBoard(events: string): string {
  return `TensorBoard is not in the environment, nor in PATH: add tensorboard to the project's dependencies, or read the events with another one: tensorboard --logdir ${events}`;
}

async function isRunning({ processes, experimentId }: TensorBoard): Promise<boolean> {
  const marked = await processes.marked(EXPERIMENT_MARK, experimentId, POD_MARK);
  return marked.some(({ also }) => also === TENSORBOARD);
}

async function keptPort({ directory }: TensorBoard): Promise<number | null> {
  return Number(await readIfThere(join(directory, 'tensorboard.port'))) || null;
}

/** A process of its own session, printing into a file. */
async function launch(program: string, port: number, board: TensorBoard): Promise<void> {
  const { env, experimentId, directory, events, stays } = board;
  const options = ['--logdir', events, '--host', '127.0.0.1', '--port', String(port), '--load_fast', 'false'];
  const limit = stays ? await findProgram('timeout', env['PATH'] ?? '') : null;
  const words = [...(limit === null ? [] : [limit, String(HOURS * 3600)]), program, ...options];
  const out = openSync(join(directory, 'tensorboard.log'), 'a', 0o600);
  try {
    const [first = program, ...rest] = words;
    const child = spawn(first, rest, {
      env: { ...env, [EXPERIMENT_MARK]: experimentId, [POD_MARK]: TENSORBOARD },
      detached: true,
      stdio: ['ignore', out, out],
    });
    // That it could not be started is seen by its not running.
    child.once('error', () => undefined);
    child.unref();
  } finally {
    closeSync(out);
  }
}

function answers(port: number): Promise<boolean> {
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

async function lastLine(path: string): Promise<string> {
  const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
  return lines.at(-1)?.trim() || 'it ended without a word';
}
