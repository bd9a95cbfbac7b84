import { assertRef, unreachable } from './resolve-commit.ts';
import { inTemporaryFolder, runGit, type Env } from './run-git.ts';

interface Looking {
  env: Env;
  signal?: AbortSignal | undefined;
}

/** The branches of a repository, by their refs. Throws AichorError `not_found`. */
export async function headsOf(repository: string, looking: Looking): Promise<Map<string, string>> {
  const listed = await runGit(['ls-remote', '--heads', '--end-of-options', repository], looking);
  if (!listed.ok) throw unreachable(repository, listed.reason);
  const heads = new Map<string, string>();
  for (const line of listed.stdout.split('\n')) {
    const [, sha, ref] = /^([0-9a-f]{40,64})\t(refs\/heads\/.+)$/.exec(line) ?? [];
    if (sha !== undefined && ref !== undefined) heads.set(ref, sha);
  }
  return heads;
}

/** The message of one commit, without its files where the origin can do that. Throws AichorError `not_found`. */
export async function messageOf(repository: string, sha: string, { env, signal }: Looking): Promise<string> {
  assertRef(sha);
  return inTemporaryFolder(async (directory) => {
    const git = (...args: string[]) => runGit(args, { directory, env, signal });
    await git('init', '--quiet', '--bare', '--template=', '.');
    const fetch = ['fetch', '--quiet', '--depth=1', '--no-tags', '--filter=tree:0', '--no-write-fetch-head'];
    const fetched = await git(...fetch, '--end-of-options', repository, sha);
    if (!fetched.ok) throw unreachable(repository, fetched.reason);
    const shown = await git('log', '-1', '--no-show-signature', '--format=%B', '--end-of-options', sha);
    if (!shown.ok) throw unreachable(repository, shown.reason);
    return shown.stdout;
  });
}
