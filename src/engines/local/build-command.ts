import { spawn } from 'node:child_process';
import { open, type FileHandle } from 'node:fs/promises';
import { AichorError, systemErrorCode } from '../../errors.ts';
import { signalGroup } from '../../machine/signals.ts';
import { failureReason } from './failure-reason.ts';

export interface BuildCommand {
  words: readonly string[];
  folder: string;
  env: Record<string, string>;
  /** File that its output goes to. */
  log: string;
  stop: AbortSignal;
  detach: AbortSignal;
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
  const log = await open(command.log, 'a+');
  try {
    const before = (await log.stat()).size;
    const ended = await waitFor(command, log.fd);
    if (command.stop.aborted) throw new AichorError('experiment_cancelled', 'the build was stopped');
    if (command.detach.aborted)
      throw new AichorError('interrupted', 'the build was left because the server leaves');
    if (ended.error !== null) throw notStarted(command, ended.error);
    if (ended.code === 0) return;
    throw failed(command, ended.code, await tail(log, before));
  } finally {
    await log.close();
  }
}

interface Ended {
  code: number | null;
  error: Error | null;
}

function waitFor({ words, folder, env, stop, detach }: BuildCommand, output: number): Promise<Ended> {
  const [program = '', ...rest] = words;
  const child = spawn(program, rest, { cwd: folder, env, detached: true, stdio: ['ignore', output, output] });
  const kill = () => {
    if (child.pid !== undefined && child.exitCode === null) signalGroup(child.pid, 'SIGKILL');
  };
  const signals = [stop, detach];
  if (signals.some((signal) => signal.aborted)) kill();
  for (const signal of signals) signal.addEventListener('abort', kill, { once: true });
  return new Promise<Ended>((resolve) => {
    child.once('error', (error) => resolve({ code: null, error }));
    child.once('exit', (code) => resolve({ code, error: null }));
  }).finally(() => {
    for (const signal of signals) signal.removeEventListener('abort', kill);
  });
}

async function tail(log: FileHandle, before: number): Promise<string> {
  const { size } = await log.stat();
  const start = Math.max(before, size - TAIL_BYTES);
  const { buffer, bytesRead } = await log.read({ buffer: Buffer.alloc(size - start), position: start });
  return buffer.toString('utf8', 0, bytesRead);
}

function failed({ words }: BuildCommand, code: number | null, output: string): AichorError {
  const ended = code === null ? 'was killed' : `ended with exit code ${code}`;
  const said = failureReason(output) ?? `${words.slice(0, 3).join(' ')} ${ended}`;
  return new AichorError('experiment_failed', `the Python environment could not be built: ${said}`, {
    hint: 'the whole output: aichor experiments logs --step build',
  });
}

function notStarted({ words, folder }: BuildCommand, error: Error): AichorError {
  const why =
    systemErrorCode(error) === 'ENOENT' ? `${words[0]} or the folder ${folder} is not there` : error.message;
  return new AichorError('experiment_failed', `the Python environment could not be built: ${why}`, {
    cause: error,
  });
}
