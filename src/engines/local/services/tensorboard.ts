import { mkdir, readFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { sleepUnless } from '../../../base/async/abort.ts';
import { readIfThere } from '../../../base/io/files.ts';
import { place } from '../../../base/io/place.ts';
import { AichorError } from '../../../errors.ts';
import { findProgram } from '../../../machine/find-program.ts';
import type { Processes } from '../../../machine/processes.ts';
import { freePort } from '../../../machine/ports.ts';
import type { RunContext, TensorBoardContext } from '../../engine.ts';
import type { FactQueue } from '../../facts.ts';
import { isOfStore } from '../../store-variables.ts';
import type { Host } from '../shared/host.ts';
import { readPrograms } from '../build/build-result.ts';
import { answers, launchBeside, runsBeside } from './beside.ts';

/** What stands where a pod's name would: so it is found again, and ended with the experiment. */
export const TENSORBOARD = 'tensorboard';

/** It answers after 2 seconds; on a machine that is busy with training, later. */
const PATIENCE_MS = 90_000;
const PAUSE_MS = 100;

/** Hours that a TensorBoard of a finished experiment stays. */
const HOURS = 12;

interface TensorBoard {
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
async function startTensorBoard(board: TensorBoard, signal: AbortSignal): Promise<Started> {
  const program = await findProgram(TENSORBOARD, board.env['PATH'] ?? '');
  if (program === null) return { kind: 'absent' };
  let port = (await isRunning(board)) ? await keptPort(board) : null;
  if (port === null) {
    port = await freePort();
    await place(join(board.directory, 'tensorboard.port'), String(port));
    await launch(program, port, board);
  }
  for (let waited = 0; waited < PATIENCE_MS && !signal.aborted; waited += PAUSE_MS) {
    if (await answers(port)) return { kind: 'up', url: `http://127.0.0.1:${port}/` };
    if (waited > 1000 && !(await isRunning(board))) break;
    await sleepUnless(signal, PAUSE_MS);
  }
  return { kind: 'failed', detail: await lastLine(join(board.directory, 'tensorboard.log')) };
}

type Started = { kind: 'up'; url: string } | { kind: 'absent' } | { kind: 'failed'; detail: string };

/** What leads to events in an object store. */
async function variablesFor(
  store: NonNullable<Host['store']>,
  { events, plan }: Pick<TensorBoardContext, 'events' | 'plan'>,
): Promise<Record<string, string>> {
  const paths = { input: events, output: events, tensorboard: events };
  const { storage } = await store.forPods(paths, { plan, secrets: {} });
  const { endpoint, variables } = storage;
  return {
    ...variables,
    ...(endpoint !== undefined && { AWS_ENDPOINT_URL: endpoint, S3_ENDPOINT: endpoint }),
  };
}

/** What to say when the environment has no TensorBoard. */
function howToGetTensorBoard(events: string): string {
  return `TensorBoard is not in the environment, nor in PATH: add tensorboard to the project's dependencies, or read the events with another one: tensorboard --logdir ${events}`;
}

function isRunning({ processes, experimentId }: TensorBoard): Promise<boolean> {
  return runsBeside(processes, { name: TENSORBOARD, experimentId });
}

async function keptPort({ directory }: TensorBoard): Promise<number | null> {
  return Number(await readIfThere(join(directory, 'tensorboard.port'))) || null;
}

/** A process of its own session, printing into a file. */
async function launch(program: string, port: number, board: TensorBoard): Promise<void> {
  const { env, experimentId, directory, events, stays } = board;
  const options = [
    '--logdir',
    events,
    '--host',
    '127.0.0.1',
    '--port',
    String(port),
    '--load_fast',
    'false',
    '--reload_multifile',
    'true',
  ];
  const limit = stays ? await findProgram('timeout', env['PATH'] ?? '') : null;
  const limited = limit === null ? [] : [limit, String(HOURS * 3600)];
  const log = join(directory, 'tensorboard.log');
  launchBeside([...limited, program, ...options], { name: TENSORBOARD, experimentId, env, log });
}

async function lastLine(path: string): Promise<string> {
  const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
  return lines.at(-1)?.trim() || 'it ended without a word';
}

/**
 * Has TensorBoard beside the pods when the manifest asks for it, without making them wait. It goes with the sweep at
 * the experiment's end.
 *
 * @returns resolves when what became of it was told, soon after `signal` at the latest
 */
export async function showTensorBoard(
  {
    experimentId,
    directory,
    secrets,
    paths,
    env,
  }: Pick<RunContext, 'experimentId' | 'directory' | 'secrets' | 'paths'> & {
    /** That of a pod. */
    env: Record<string, string>;
  },
  { processes, facts }: { processes: Processes; facts: FactQueue },
  signal: AbortSignal,
): Promise<void> {
  // Pods may write to them as a bucket.
  const events = paths.tensorboard;
  if (events === null) return;
  const board = { experimentId, events, directory, env: withoutSecrets(env, secrets, events) };
  const started = await startTensorBoard({ ...board, processes, stays: false }, signal);
  if (signal.aborted) return;
  if (started.kind === 'up') facts.push({ type: 'link', name: 'tensorboard', url: started.url });
  else if (started.kind === 'absent')
    facts.push({ type: 'notice', code: 'tensorboard_absent', message: howToGetTensorBoard(events) });
  else
    facts.push({
      type: 'notice',
      code: 'tensorboard_failed',
      message: `TensorBoard did not start: ${started.detail}`,
    });
}

/** TensorBoard needs none of them, but those that lead to the events. */
function withoutSecrets(
  env: Record<string, string>,
  secrets: Record<string, string>,
  events: string,
): Record<string, string> {
  const isNeeded = (name: string) => events.includes('://') && isOfStore(name);
  const kept = Object.entries(env).filter(([name]) => isNeeded(name) || !Object.hasOwn(secrets, name));
  return Object.fromEntries(kept);
}

/**
 * TensorBoard for an experiment that has ended: the one of its environment, else of PATH. It stays for some hours, or
 * until the experiment is deleted.
 *
 * @throws AichorError `engine_unavailable` when there is none, or it does not start
 */
export async function openTensorBoard(
  { processes, store }: Pick<Host, 'processes' | 'store'>,
  context: TensorBoardContext,
): Promise<string> {
  const { experimentId, directory, events, build, shell, signal, plan } = context;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const programs = build === null ? [] : readPrograms(build);
  const env = {
    ...shell,
    ...(events.includes('://') && store !== null && (await variablesFor(store, { events, plan }))),
    PATH: [...programs, shell['PATH'] ?? '/usr/local/bin:/usr/bin:/bin'].join(delimiter),
  };
  const board = { experimentId, directory, events, env, processes, stays: true };
  const started = await startTensorBoard(board, signal);
  if (started.kind === 'up') return started.url;
  if (started.kind === 'failed')
    throw new AichorError('engine_unavailable', `TensorBoard did not start: ${started.detail}`);
  throw new AichorError('engine_unavailable', 'there is no TensorBoard to open it with', {
    hint: howToGetTensorBoard(events),
  });
}
