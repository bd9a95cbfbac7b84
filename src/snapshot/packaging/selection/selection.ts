import { join } from 'node:path';
import { outerRules, readOptional, repositoryOf } from './git-rules.ts';
import { isLeftOut, noRules, ownRules, type Rules } from './rules.ts';

/** What of a directory is taken. */
export interface TreeSelection {
  /** Rules that hold from the root on. */
  rules: Rules;
  /** Whether every folder's `.gitignore` counts. */
  nested: boolean;
  /** Names that are never taken. */
  leavesOut(name: string, isFolder: boolean): boolean;
  /** Whether virtual environments stay out that no line takes back. */
  leavesEnvironments: boolean;
  /** Top of the Git working tree whose tracked files are taken although a rule ignores them. */
  repository: string | null;
  /** Top of the Git working tree that it lies in. */
  inside: string | null;
  /** All that this was made of. */
  texts: readonly (string | null)[];
}

export const RULE_FILE = '.aichorignore';

/** `.aichorignore` at the root decides alone; without it, what Git ignores stays out. */
export function selectionFor(root: string, env: Readonly<Record<string, string | undefined>>): TreeSelection {
  const own = readOptional(join(root, RULE_FILE));
  if (own !== null)
    return {
      rules: ownRules(own),
      nested: false,
      leavesOut: isGit,
      leavesEnvironments: true,
      repository: null,
      inside: repositoryOf(root),
      texts: [own],
    };
  const { rules, repository, texts } = outerRules(root, env);
  return {
    rules,
    nested: true,
    leavesOut: (name, isFolder) => isGit(name) || isLeftOut(name, isFolder),
    leavesEnvironments: true,
    repository,
    inside: repository,
    texts,
  };
}

/** Everything there is: for folders that a program of ours made. */
export const EVERYTHING: TreeSelection = {
  rules: noRules(),
  nested: false,
  leavesOut: () => false,
  leavesEnvironments: false,
  repository: null,
  inside: null,
  texts: [],
};

function isGit(name: string): boolean {
  return name === '.git';
}
