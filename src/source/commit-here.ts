import { assertRef } from './resolve-commit.ts';
import { originOf } from './origin.ts';
import { runGit } from './run-git.ts';

/** What a clone on this machine knows of a commit. */
export interface CommitHere {
  message: string;
  /** Whether a branch of a remote has it, as far as the clone knows. */
  isPushed: boolean;
  /** Null: the clone has no origin. */
  origin: string | null;
}

/** Null: there is no clone, or it does not have the commit. */
export async function commitHere(directory: string, sha: string): Promise<CommitHere | null> {
  assertRef(sha);
  const git = (...args: string[]) => runGit(args, { directory });
  const shown = await git('log', '-1', '--no-show-signature', '--format=%B', '--end-of-options', sha);
  if (!shown.ok) return null;
  const branches = await git('for-each-ref', '--count=1', `--contains=${sha}`, 'refs/remotes');
  const origin = await originOf(directory).catch(() => null);
  return { message: shown.stdout, isPushed: branches.stdout !== '', origin };
}
