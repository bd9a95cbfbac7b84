import { repositoryHost, repositorySlug } from './repository.ts';
import { runGit, type Env } from './run-git.ts';

export interface FactsOptions {
  /** A clone that has the commit. */
  directory: string;
  sha: string;
  repository: string;
  branch: string | null;
  env?: Env | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * What pods are told of the commit they run, as `VCS_*` variables. A fact that is not known (no branch was
 * named, the host is neither GitHub nor GitLab) has no variable.
 */
export async function commitFacts(options: FactsOptions): Promise<Record<string, string>> {
  const { directory, sha, repository, branch, env, signal } = options;
  const format = '--format=%an%x00%ae%x00%s%x00%B';
  const settings = ['log.showSignature=false'];
  const log = await runGit(['log', '-1', format, '--end-of-options', sha], {
    directory,
    env,
    signal,
    settings,
  });
  if (!log.ok) throw new Error(`git log of ${sha} in ${directory}: ${log.reason}`);
  const [author = '', email = '', subject = '', message = ''] = log.stdout.split('\0');
  const facts: Record<string, string | null> = {
    VCS_TYPE: repositoryHost(repository),
    VCS_REPOSITORY: repositorySlug(repository),
    VCS_REF_NAME: branch,
    VCS_SHA: sha,
    VCS_SHA_SHORT: sha.slice(0, 7),
    VCS_AUTHOR_NAME: author,
    VCS_AUTHOR_EMAIL: email,
    VCS_COMMIT_MESSAGE: message.trimEnd(),
    VCS_COMMIT_MESSAGE_SHORT: subject,
  };
  return Object.fromEntries(
    Object.entries(facts).filter((fact): fact is [string, string] => fact[1] !== null),
  );
}
