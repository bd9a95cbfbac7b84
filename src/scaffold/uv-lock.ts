import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../base/io/run.ts';

/** What became of `uv.lock`. */
export type LockOutcome =
  | { kind: 'made' }
  /** There is no uv on PATH. */
  | { kind: 'no-uv' }
  /** A host that has packages could not be reached. */
  | { kind: 'unreachable'; host: string }
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
  if (trouble === 'late') return { kind: 'failed', reason: why };
  const host = unreachableHost(stderr);
  if (host !== null) return { kind: 'unreachable', host };
  return { kind: 'failed', reason: firstError(stderr) ?? why };
}

/** The host that uv asked in vain; null when something else went wrong. */
export function unreachableHost(stderr: string): string | null {
  const isOffline = /dns error|connect error|\(Connect\)|Connection refused|timed? ?out|unreachable/i.test(
    stderr,
  );
  const host = /Failed to (?:fetch|download)[^]*?https?:\/\/(?:[^@/\s`]*@)?([^/\s`]+)/.exec(stderr)?.[1];
  return isOffline && host !== undefined ? host : null;
}

function firstError(stderr: string): string | undefined {
  const lines = stderr.split('\n').map((line) => line.trim());
  return lines.find((line) => line.startsWith('error:')) ?? lines.find((line) => line !== '');
}
