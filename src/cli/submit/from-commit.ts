import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fetchCommit, originOf, resolveCommit } from '../../source/git.ts';
import { checkDirectory, dryRun, type DryRun, type NewSubmissionFlags } from './from-directory.ts';
import type { Settings } from '../settings/settings.ts';
import type { CommonSubmission } from './submission.ts';
import type { Talk } from '../runtime/talk.ts';

interface Commit {
  kind: 'commit';
  repository: string;
  /** Full SHA. */
  commit_sha: string;
  branch: string | null;
}

interface Meant {
  repoDir: string;
  ref: string;
  branch: string | null;
  signal: AbortSignal;
}

/** The commit that is meant, by its full SHA, and the origin that has it. Throws AichorError. */
export async function commitMeant({ repoDir, ref, branch, signal }: Meant): Promise<Commit> {
  const repository = await originOf(repoDir);
  const sha = await resolveCommit({ repoDir, repository, ref, signal });
  return { kind: 'commit', repository, commit_sha: sha, branch };
}

interface Checking {
  flags: NewSubmissionFlags;
  common: CommonSubmission;
  settings: Settings;
  talk: Talk;
  signal: AbortSignal;
}

/** What submitting the commit would create, from a copy of it that is removed again. */
export async function commitDryRun(
  { repository, commit_sha: sha, branch }: Commit,
  checking: Checking,
): Promise<DryRun> {
  const folder = await mkdtemp(join(tmpdir(), 'aichor-commit-'));
  try {
    const root = join(folder, 'commit');
    const { signal } = checking;
    await fetchCommit({
      repository,
      sha,
      branch,
      depth: 1,
      submodules: 'false',
      includeDotGit: false,
      directory: root,
      signal,
    });
    const checked = checkDirectory({ ...checking, root, namedFrom: root, onSource: () => undefined });
    return await dryRun(checked, checking.settings);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
