import { fetchCommit, resolveCommit } from '../../../source/git.ts';
import { maskCredentials } from '../../../source/mask.ts';
import type { CommitSource } from '../../ports.ts';

/** Commits from repositories that the `git` on the server's PATH can reach. */
export function createCommitSource(env: Record<string, string | undefined>): CommitSource {
  return {
    async fetch({ repository, ref, branch, clone, directory, signal }) {
      const sha = await resolveCommit({ repository, ref, env, signal });
      const named = branch ?? (sha === ref.toLowerCase() || sha.startsWith(ref.toLowerCase()) ? null : ref);
      const { facts } = await fetchCommit({
        repository,
        sha,
        branch: named,
        ...clone,
        directory,
        env,
        signal,
      });
      return { commit_sha: sha, branch, repository: maskCredentials(repository), vcs: facts };
    },
  };
}
