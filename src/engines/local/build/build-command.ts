import { isAbsent } from '../../../base/io/files-sync.ts';
import { startChild } from '../../../base/io/start.ts';
import type { ChildProcess, StdioOptions } from 'node:child_process';
import { fstatSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { formatBytes } from '../../../base/text/bytes.ts';
import { formatDuration } from '../../../base/text/duration.ts';
import { AichorError } from '../../../errors.ts';
import { BuildFailure } from '../../../experiment/failure/failure.ts';
import { signalGroup } from '../../../machine/signals.ts';
import { failureReason } from './failure-reason.ts';
import { createMask } from './mask.ts';

export interface BuildCommand {
  words: readonly string[];
  folder: string;
  env: Record<string, string>;
  /** File that its output goes to. */
  log: string;
  /** File that its standard output goes to instead, or null. */
  output: string | null;
  /** Texts that the log must not show. */
  hidden: readonly string[];
  stop: AbortSignal;
  detach: AbortSignal;
  /** Ends it, by its process, when it is stopped; absent: its group is killed. */
  end?: (pid: number) => void;
  /** How long it may run, and how much it may print, and what it is called when it is ended for that; absent: as it likes. */
  limits?: { seconds: number; bytes: number; what: string };
}

/** As much of the output's end as a reason is looked for in. */
const TAIL_BYTES = 16 << 10;

/**
 * Runs one command of a build in a process group of its own.
 *
 * @throws AichorError `experiment_failed` with the command's own reason; `experiment_cancelled` or `interrupted`
 *   when it was stopped, after its group has been killed
 */
export async function runBuildCommand(command: BuildCommand): Promise<void> {
  const ended = await runToEnd(command);
  if (ended.code !== 0) throw buildFailure(command, ended);
}

/** How a command ended, however that was. */
export interface CommandEnd {
  /** Null: by a signal. */
  code: number | null;
  /** The end of what it printed. */
  output: string;
}

/**
 * Runs one command of a build in a process group of its own, to its end.
 *
 * @throws AichorError `experiment_failed` when it cannot be started; `experiment_cancelled` or `interrupted` when it was
 *   stopped, after its group has been killed
 */
export async function runToEnd(command: BuildCommand): Promise<CommandEnd> {
  const log = await open(command.log, 'a+');
  const output = command.output === null ? null : await open(command.output, 'w');
  try {
    const before = (await log.stat()).size;
    const ended = await waitFor(command, log, output ?? log);
    if (command.stop.aborted) throw new AichorError('experiment_cancelled', 'the build was stopped');
    if (command.detach.aborted)
      throw new AichorError('interrupted', 'the build was left because the server leaves');
    if (ended.error !== null) throw notStarted(command, ended.error);
    if (ended.beyond !== null) throw beyondLimit(command, ended.beyond);
    return { code: ended.code, output: ended.code === 0 ? '' : await tail(log, before) };
  } finally {
    await log.close();
    await output?.close();
  }
}

interface Ended {
  code: number | null;
  error: Error | null;
  /** The limit that it was ended for. */
  beyond: string | null;
}

async function waitFor(command: BuildCommand, log: FileHandle, output: FileHandle): Promise<Ended> {
  const { stop, detach } = command;
  const { child, shown } = start(command, log, output);
  const kill = () => {
    if (child.pid === undefined || child.exitCode !== null) return;
    if (command.end === undefined) signalGroup(child.pid, 'SIGKILL');
    else command.end(child.pid);
  };
  const signals = [stop, detach];
  const limit = watchLimits(command, { log, kill });
  if (signals.some((signal) => signal.aborted)) kill();
  for (const signal of signals) signal.addEventListener('abort', kill, { once: true });
  const ended = new Promise<Ended>((resolve) => {
    child.once('error', (error) => resolve({ code: null, error, beyond: null }));
    child.once('exit', (code) => {
      // What it left in the background ends with it, as in the build of an image.
      if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL');
      resolve({ code, error: null, beyond: limit.passed() });
    });
  });
  try {
    return (await Promise.all([ended, shown]))[0];
  } finally {
    limit.end();
    for (const signal of signals) signal.removeEventListener('abort', kill);
  }
}

const LOOK_MS = 100;

/** Ends a command that runs for too long, or prints too much. */
function watchLimits(
  { limits }: BuildCommand,
  { log, kill }: { log: FileHandle; kill: () => void },
): { passed: () => string | null; end: () => void } {
  if (limits === undefined) return { passed: () => null, end: () => undefined };
  const { seconds, bytes } = limits;
  let passed: string | null = null;
  const before = fstatSync(log.fd).size;
  const began = performance.now();
  const timer = setInterval(() => {
    if (performance.now() - began > seconds * 1000)
      passed = `it ran for more than ${formatDuration(seconds)}`;
    else if (fstatSync(log.fd).size - before > bytes) passed = `it printed more than ${formatBytes(bytes)}`;
    if (passed !== null) kill();
  }, LOOK_MS);
  return { passed: () => passed, end: () => clearInterval(timer) };
}

function beyondLimit({ limits, words }: BuildCommand, why: string): AichorError {
  return new BuildFailure(`${limits?.what ?? words[0]} was ended: ${why}`, {
    hint: 'nothing answers what it asks, and it has no more than that',
  });
}

/** Sends both outputs down one pipe, so that they keep their order. */
const JOINED = ['sh', '-c', 'exec "$@" 2>&1', 'sh'];

/** Straight into the files, or, where something is to be hidden, by way of a mask. */
function start(
  { words, folder, env, hidden }: BuildCommand,
  log: FileHandle,
  output: FileHandle,
): { child: ChildProcess; shown: Promise<unknown> } {
  const isPlain = hidden.length === 0;
  const isJoined = !isPlain && output === log;
  const [program = '', ...rest] = isJoined ? [...JOINED, ...words] : words;
  const stdout = isJoined ? 'pipe' : output.fd;
  const stderr = isPlain ? log.fd : isJoined ? 'ignore' : 'pipe';
  const stdio = ['ignore', stdout, stderr] satisfies StdioOptions;
  const child = startChild(program, rest, { cwd: folder, env, detached: true, stdio });
  const stream = child.stdout ?? child.stderr;
  return { child, shown: stream === null ? Promise.resolve() : writeMasked(stream, log, hidden) };
}

async function writeMasked(stream: Readable, log: FileHandle, hidden: readonly string[]): Promise<void> {
  const mask = createMask(hidden);
  for await (const chunk of stream) await log.appendFile(mask.take(chunk));
  await log.appendFile(mask.rest());
}

async function tail(log: FileHandle, before: number): Promise<string> {
  const { size } = await log.stat();
  const start = Math.max(before, size - TAIL_BYTES);
  const { buffer, bytesRead } = await log.read({ buffer: Buffer.alloc(size - start), position: start });
  return buffer.toString('utf8', 0, bytesRead);
}

/** What a command that did not end with 0 said of it. */
export function buildFailure(
  { words }: Pick<BuildCommand, 'words'>,
  { code, output }: CommandEnd,
): AichorError {
  const ended = code === null ? 'was killed' : `ended with exit code ${code}`;
  const said = failureReason(output) ?? `${words.slice(0, 3).join(' ')} ${ended}`;
  return new BuildFailure(`the Python environment could not be built: ${said}`);
}

function notStarted({ words, folder }: BuildCommand, error: Error): AichorError {
  const why = isAbsent(error) ? `${words[0]} or the folder ${folder} is not there` : error.message;
  return new AichorError('experiment_failed', `the Python environment could not be built: ${why}`, {
    cause: error,
  });
}
