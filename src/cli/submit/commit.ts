import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '../../client/client.ts';
import { fetchCommit, originOf, resolveCommit } from '../../source/git.ts';
import { checkDirectory, dryRunOf, type CheckedDirectory } from './directory.ts';
import { newSubmission, type SubmitOptions } from './options.ts';
import type { DryRun, PreparedSubmission } from './submit-command.ts';

export interface Commit {
  repository: string;
  /** Full SHA. */
  sha: string;
  branch: string | null;
  /** `--manifest-path`. */
  requested: string | null;
}

interface Meant {
  repoDir: string;
  /** A SHA, a branch, a tag. */
  ref: string;
  branch: string | null;
  requested: string | null;
}

/** The commit that is meant, of the origin that has it. Throws AichorError when there is none. */
export async function commitSubmission(
  { repoDir, ref, branch, requested }: Meant,
  options: SubmitOptions,
  connect: () => Promise<Client>,
): Promise<PreparedSubmission> {
  const commit = await commitMeant({ repoDir, ref, branch, requested }, options);
  const { repository, sha } = commit;
  return {
    dryRun: () => commitDryRun(commit, options),
    send: async (secrets) => {
      const client = await connect();
      options.talk.progress(`fetching ${sha.slice(0, 12)}`);
      const summary = await client.submit({
        ...newSubmission(options, secrets),
        source: { kind: 'commit', repository, commit_sha: sha, branch },
        manifest_path: requested,
      });
      return { client, summary, upload: null };
    },
  };
}

/** Which commit of which repository it is. Throws AichorError when there is none. */
export async function commitMeant(
  { repoDir, ref, branch, requested }: Meant,
  { signal }: Pick<SubmitOptions, 'signal'>,
): Promise<Commit> {
  const repository = await originOf(repoDir);
  const sha = await resolveCommit({ repoDir, repository, ref, signal });
  return { repository, sha, branch, requested };
}

/** What submitting the commit would create. */
function commitDryRun(commit: Commit, options: SubmitOptions): Promise<DryRun> {
  return inCopyOf(commit, options, (checked) => dryRunOf(checked, options, true));
}

/** Does something with a copy of the commit, which is checked first and removed afterwards. */
export async function inCopyOf<T>(
  { repository, sha, branch, requested }: Commit,
  options: SubmitOptions,
  work: (checked: CheckedDirectory) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'aichor-commit-'));
  try {
    const root = join(folder, 'commit');
    await fetchCommit({
      repository,
      sha,
      branch,
      depth: 1,
      submodules: 'false',
      includeDotGit: false,
      directory: root,
      signal: options.signal,
    });
    return await work(checkDirectory({ root, requested, namedFrom: root }, options));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
