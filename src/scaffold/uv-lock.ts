import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../base/io/run.ts';

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
  const { ok, trouble, stderr, why } = await run('uv', ['lock', '--no-progress', '--color', 'never'], {
    cwd: folder,
    env: { ...env, VIRTUAL_ENV: undefined },
    timeoutMs: PATIENCE_MS,
    signal,
  });
  if (ok) return { kind: 'made' };
  rmSync(join(folder, 'uv.lock'), { force: true });
  if (trouble === 'absent') return { kind: 'no-uv' };
  return { kind: 'failed', reason: trouble === 'late' ? why : (firstError(stderr) ?? why) };
}

function firstError(stderr: string): string | undefined {
  const lines = stderr.split('\n').map((line) => line.trim());
  return lines.find((line) => line.startsWith('error:')) ?? lines.find((line) => line !== '');
}
