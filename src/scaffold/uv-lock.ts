import { rmSync } from 'node:fs';
import { join } from 'node:path';

/** What became of `uv.lock`. */
export type LockOutcome =
  | { kind: 'made' }
  /** There is no uv on PATH. */
  | { kind: 'no-uv' }
  /** uv could not make it: its own words, one line. */
  | { kind: 'failed'; reason: string };

/** How long uv may look for versions before the repository goes without a lock. */
const PATIENCE_MS = 120_000;

interface LockOptions {
  env: Record<string, string | undefined>;
  signal: AbortSignal;
}

/** Runs `uv lock` in a folder with a pyproject.toml. Leaves nothing but `uv.lock` there, and that only when made. */
export async function lockWithUv(folder: string, { env, signal }: LockOptions): Promise<LockOutcome> {
  const { execa } = await import('execa');
  const result = await execa('uv', ['lock', '--no-progress', '--color', 'never'], {
    cwd: folder,
    env: { ...env, VIRTUAL_ENV: undefined },
    extendEnv: false,
    stdin: 'ignore',
    reject: false,
    timeout: PATIENCE_MS,
    cancelSignal: signal,
  });
  if (!result.failed) return { kind: 'made' };
  signal.throwIfAborted();
  rmSync(join(folder, 'uv.lock'), { force: true });
  if (result.code === 'ENOENT') return { kind: 'no-uv' };
  if (result.timedOut) return { kind: 'failed', reason: `uv took more than ${PATIENCE_MS / 1000} s` };
  return { kind: 'failed', reason: firstError(result.stderr) ?? result.shortMessage ?? 'uv gave no reason' };
}

function firstError(stderr: string): string | undefined {
  const lines = stderr.split('\n').map((line) => line.trim());
  return lines.find((line) => line.startsWith('error:')) ?? lines.find((line) => line !== '');
}
