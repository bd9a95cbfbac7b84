import { join } from 'node:path';
import { outerRules, readOptional } from './git-rules.ts';
import { alwaysLeftOutBy, noRules, withOwnRules, type Rules } from './rules.ts';

/** What of a directory is taken. */
export interface TreeSelection {
  /** Rules that hold from the root on. */
  rules: Rules;
  /** Whether every folder's `.gitignore` counts. */
  nested: boolean;
  /** The pattern by which a name is never taken; null: it may be. */
  leavesOut(name: string, isFolder: boolean): string | null;
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

/** What Git ignores stays out, and what `.aichorignore` at the root says goes over it, in both directions. */
export function selectionFor(root: string, env: Readonly<Record<string, string | undefined>>): TreeSelection {
  const own = readOptional(join(root, RULE_FILE));
  const { rules, repository, texts } = outerRules(root, env);
  return {
    rules: own === null ? rules : withOwnRules(rules, own, RULE_FILE),
    nested: true,
    // A line with `!` can take back all but Git's own folder.
    leavesOut: (name, isFolder) =>
      isGit(name) ? name : own === null ? alwaysLeftOutBy(name, isFolder) : null,
    leavesEnvironments: true,
    repository,
    inside: repository,
    texts: [own, ...texts],
  };
}

/** Everything there is: for folders that a program of ours made. */
export const EVERYTHING: TreeSelection = {
  rules: noRules(),
  nested: false,
  leavesOut: () => null,
  leavesEnvironments: false,
  repository: null,
  inside: null,
  texts: [],
};

function isGit(name: string): boolean {
  return name === '.git';
}
