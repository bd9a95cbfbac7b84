import { resolve } from 'node:path';
import { AichorError } from '../errors.ts';
import { isPath } from './repository.ts';
import { runGit, type Env } from './run-git.ts';

/**
 * Where the `origin` of a clone is: a URL, or an absolute path. Throws AichorError `repository_invalid` when the
 * directory is no Git working tree or has no origin.
 */
export async function originOf(repoDir: string, env?: Env): Promise<string> {
  const top = await runGit(['rev-parse', '--show-toplevel'], { directory: repoDir, env });
  if (!top.ok) {
    throw new AichorError('repository_invalid', `${repoDir} is not in a Git repository (${top.reason})`, {
      hint: 'name the clone with --repo-dir, or submit the directory with `aichor experiments submit local`',
    });
  }
  const origin = await runGit(['remote', 'get-url', 'origin'], { directory: repoDir, env });
  if (!origin.ok) {
    throw new AichorError(
      'repository_invalid',
      `the repository ${top.stdout} has no remote called origin (${origin.reason})`,
      {
        hint: 'add it with `git remote add origin URL`, and push the commit there',
      },
    );
  }
  return isPath(origin.stdout) ? resolve(top.stdout, origin.stdout) : origin.stdout;
}
