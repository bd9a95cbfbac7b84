import { posix } from 'node:path';
import type { Notice } from '../../../experiment/record.ts';

/** Files that say what an environment holds, to programs that are not used unasked, or not at all. */
const OTHERS: readonly { files: RegExp; by: string; line?: string }[] = [
  { files: /^(?:conda-)?(?:environment|env|conda)\.ya?ml$|^conda-lock\.yml$/, by: 'conda' },
  { files: /^poetry\.lock$/, by: 'Poetry', line: 'poetry install' },
  { files: /^Pipfile(?:\.lock)?$/, by: 'Pipenv', line: 'pipenv install' },
  { files: /^pdm\.lock$/, by: 'PDM' },
  { files: /^pixi\.(?:toml|lock)$/, by: 'pixi' },
];

/** What to do with an environment that somebody else has to make. */
export const BY_HAND = 'make that environment by hand, and name it with --python-env';

/**
 * Why a repository whose packages somebody else would install runs without them. Pure.
 *
 * @param paths of the repository
 * @param context folder of the Python project
 */
export function unfollowedNotice(paths: readonly string[], context: string): Notice | null {
  const names = paths
    .filter((path) => posix.dirname(path) === posix.normalize(context))
    .map((path) => posix.basename(path));
  for (const { files, by, line } of OTHERS) {
    const name = names.find((each) => files.test(each));
    if (name === undefined) continue;
    if (line !== undefined)
      return notice(
        `nothing is installed: ${name} counts when the Dockerfile says so (RUN pip install ${by.toLowerCase()} && ${line}); or ${BY_HAND}`,
      );
    return notice(`${name} is for ${by}, which is not used here: nothing is installed; ${BY_HAND}`);
  }
  const setup = names.find((name) => /^setup\.(?:py|cfg)$/.test(name));
  return setup === undefined
    ? null
    : notice(
        `nothing is installed: ${setup} counts when the Dockerfile says so (RUN pip install .), else pyproject.toml with uv.lock, or requirements.txt`,
      );
}

function notice(message: string): Notice {
  return { code: 'packages_not_installed', message };
}
