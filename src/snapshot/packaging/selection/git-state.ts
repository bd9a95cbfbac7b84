import { hash } from 'node:crypto';
import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../../../base/io/run.ts';
import { isRacy } from '../reading/racy.ts';
import { commonFolder, gitFolder, gitIndexOf, readOptional } from './git-rules.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** Where a directory stands in its repository. */
export interface GitState {
  /** 40 or 64 hex digits. */
  commit_sha: string;
  /** Null: none is checked out. */
  branch: string | null;
  /** Whether something in the directory is not as the commit has it; files that Git does not know count too. */
  dirty: boolean;
}

/**
 * What stands for the commit and the branch that are checked out, and what is staged: as long as it is the same, and no
 * file changed, so is the state. Null when that cannot be told from files.
 *
 * @param top of the working tree
 * @param startedAt when the scan began, in milliseconds
 */
export function gitMark(top: string, startedAt: number): string | null {
  const head = readOptional(join(gitFolder(top), 'HEAD'));
  const ref = /^ref: (refs\/.+)\n$/.exec(head ?? '')?.[1];
  const loose = ref === undefined ? null : readOptional(join(commonFolder(top), ref));
  if (head === null || (ref !== undefined && loose === null)) return null;
  const index = lstatSync(gitIndexOf(top), { throwIfNoEntry: false });
  if (index && isRacy(index, startedAt)) return null;
  const looks = index ? [index.size, index.mtimeMs, index.ctimeMs, index.ino] : null;
  return hash('sha256', JSON.stringify([top, head, loose, looks]), 'base64');
}

/** Asks Git. Null outside of a repository, before the first commit, and where Git cannot be asked. */
export async function gitState(root: string, env: Env): Promise<GitState | null> {
  // Nothing of the repository's own settings is run, nothing written.
  const settings = ['core.fsmonitor=false', 'core.hooksPath=/dev/null'].flatMap((setting) => ['-c', setting]);
  const asked = ['status', '--porcelain=v2', '--branch', '--untracked-files=normal', '-z', '--', '.'];
  const own = Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('GIT_')));
  const { ok, stdout } = await run('git', ['--no-optional-locks', ...settings, ...asked], {
    cwd: root,
    env: own,
    mostBytes: 1 << 28,
  });
  return ok ? parseGitStatus(stdout) : null;
}

/** What `git status --porcelain=v2 --branch -z` printed. */
export function parseGitStatus(text: string): GitState | null {
  const records = text.split('\0').filter(Boolean);
  const said = (name: string) =>
    records.find((record) => record.startsWith(`# ${name} `))?.slice(name.length + 3);
  const commit = said('branch.oid');
  if (commit === undefined || !/^[0-9a-f]{40,64}$/.test(commit)) return null;
  const branch = said('branch.head');
  return {
    commit_sha: commit,
    branch: branch === undefined || branch === '(detached)' ? null : branch,
    dirty: records.some((record) => !record.startsWith('# ')),
  };
}
