import { readIfThereSync } from '../base/io/files-sync.ts';
import { join } from 'node:path';
import { createStage, type SetAside } from './place/stage.ts';
import { inspectTarget, type Existing } from './place/target.ts';
import { lockWithUv, type LockOutcome } from './uv-lock.ts';

interface Writing {
  /** Absolute path of the repository's folder. */
  path: string;
  existing: Existing;
  /** Whether uv.lock is made too. */
  locks: boolean;
  env: Record<string, string | undefined>;
  signal: AbortSignal;
}

/** What was written. Paths are sorted, and relative to the folder. */
export interface WrittenFiles {
  files: string[];
  /** Those that were there, and stay as they are. */
  kept: string[];
  replaced: SetAside[];
  /** Null: none was wanted, or there is one. */
  lock: LockOutcome | null;
}

/**
 * Writes files into a repository's folder: all of them, or nothing. Files that say already what would be written count as
 * kept. Throws AichorError `conflict` (the place is taken), `usage` (nothing can be written), and whatever aborted the
 * signal.
 */
export async function writeFiles(
  rendered: ReadonlyMap<string, string>,
  { path, existing, locks, env, signal }: Writing,
): Promise<WrittenFiles> {
  const wanted = [...rendered.keys(), ...(locks ? ['uv.lock'] : [])];
  const target = inspectTarget(path, wanted, existing);
  const same = (file: string) =>
    existing === 'keep' || readIfThereSync(join(path, file)) === rendered.get(file);
  const kept = target.collisions.filter(same);
  const missing = new Map([...rendered].filter(([file]) => !kept.includes(file)));
  if (missing.size === 0) return { files: [], kept: kept.toSorted(), replaced: [], lock: null };
  const stage = createStage(target, missing);
  try {
    // A lock belongs to the pyproject.toml that is written, not to one that was there.
    const locking = locks && missing.has('pyproject.toml') && !kept.includes('uv.lock');
    const lock = locking ? await lockWithUv(stage.folder, { env, signal }) : null;
    const files = [...missing.keys(), ...(lock?.kind === 'made' ? ['uv.lock'] : [])].sort();
    signal.throwIfAborted();
    const replaced = stage.commit(files);
    return { files, kept: kept.toSorted(), replaced, lock };
  } catch (error) {
    stage.discard();
    throw error;
  }
}
