import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { systemErrorCode } from '../../../errors.ts';

export interface PodSpawn {
  /** `sh` and its arguments. */
  arguments: readonly string[];
  folder: string;
  env: Record<string, string>;
  stdout: string;
  stderr: string;
  /** The child has ended, with this code (null: by a signal). */
  ended: (code: number | null) => void;
  /** It could not be started. */
  failed: (error: unknown) => void;
}

/**
 * Starts a process as leader of its own session and group that outlives this one, printing into two files: no
 * pipe that could fill or break. A failure is reported through `failed`, whenever the system tells it.
 */
export function spawnPod(options: PodSpawn): void {
  const stdout = openSync(options.stdout, 'a');
  try {
    const stderr = openSync(options.stderr, 'a');
    try {
      spawnInto(options, stdout, stderr);
    } finally {
      closeSync(stderr);
    }
  } finally {
    closeSync(stdout);
  }
}

function spawnInto(
  { arguments: words, folder, env, ended, failed }: PodSpawn,
  stdout: number,
  stderr: number,
): void {
  try {
    const child = spawn('sh', words, { cwd: folder, env, detached: true, stdio: ['ignore', stdout, stderr] });
    child.once('error', failed);
    child.once('exit', ended);
    child.unref();
  } catch (error) {
    failed(error);
  }
}

/** What went wrong when a pod could not be started, in words. */
export function describeSpawnError(
  error: unknown,
  { folder, env }: Pick<PodSpawn, 'folder' | 'env'>,
): string {
  switch (systemErrorCode(error)) {
    case 'E2BIG':
      return `its environment is too large; the largest variable is ${largestVariable(env)}`;
    case 'EAGAIN':
      return 'the limit on the number of processes is reached (ulimit -u)';
    case 'EMFILE':
    case 'ENFILE':
      return 'the limit on open files is reached (ulimit -n)';
    case 'ENOENT':
    case 'EACCES':
    case 'ENOTDIR':
      return `sh could not be started in ${folder}: ${messageOf(error)}`;
    default:
      return messageOf(error);
  }
}

function largestVariable(env: Record<string, string>): string {
  const [first] = Object.entries(env)
    .map(([name, value]) => ({ name, bytes: Buffer.byteLength(value) }))
    .sort((a, b) => b.bytes - a.bytes);
  return first === undefined ? 'none' : `${first.name} (${first.bytes} bytes; a single one may have 128 KiB)`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
