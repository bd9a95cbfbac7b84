import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '../../client/client.ts';
import { fetchCommit, originOf, resolveCommit } from '../../source/git.ts';
import { checkDirectory, dryRunOf } from './directory.ts';
import { newSubmission, type SubmitOptions } from './options.ts';
import type { DryRun, PreparedSubmission } from './submit-command.ts';

interface Commit {
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
  const repository = await originOf(repoDir);
  const sha = await resolveCommit({ repoDir, repository, ref, signal: options.signal });
  const commit = { repository, sha, branch, requested };
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

/** What submitting the commit would create, from a copy of it that is removed again. */
async function commitDryRun(
  { repository, sha, branch, requested }: Commit,
  options: SubmitOptions,
): Promise<DryRun> {
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
    const checked = checkDirectory({ root, requested, namedFrom: root }, options);
    return await dryRunOf(checked, options);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
