import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../../../base/io/run.ts';
import { alwaysLeftOutBy } from './rules.ts';
import { addEntry, type Tree } from '../reading/walk.ts';

type Env = Readonly<Record<string, string | undefined>>;

/**
 * Files below `root` that a rule ignores and Git tracks all the same (`git add --force`): for Git they are not
 * ignored. A notice instead of paths when Git cannot be asked.
 */
export async function trackedThoughIgnored(
  root: string,
  env: Env,
): Promise<{ paths: string[]; notice: string | null }> {
  const args = [
    '-c',
    'core.fsmonitor=false',
    'ls-files',
    '-z',
    '--cached',
    '--ignored',
    '--exclude-standard',
  ];
  const own = Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('GIT_')));
  const { ok, stdout, stderr, why } = await run('git', args, { cwd: root, env: own, mostBytes: 1 << 28 });
  if (ok) return { paths: stdout.split('\0').filter(Boolean), notice: null };
  const reason = stderr.trim().split('\n')[0] || why;
  return {
    paths: [],
    notice: `ignored files that Git tracks stay out, because Git could not be asked (${reason})`,
  };
}

/** Adds those of the paths that can be taken, and that the walk has not found. */
export function addTracked(root: string, paths: readonly string[], tree: Tree): void {
  const found = new Set([...tree.files, ...tree.links].map((entry) => entry.path));
  for (const path of paths) {
    const parts = path.split('/');
    if (
      found.has(path) ||
      parts.some((part, at) => part === '.git' || alwaysLeftOutBy(part, at < parts.length - 1) !== null)
    )
      continue;
    if (isBelowFolders(root, parts)) addEntry(root, path, tree);
  }
}

/** Whether every parent is a real folder: what lies behind a link is not part of the tree. */
function isBelowFolders(root: string, parts: readonly string[]): boolean {
  return parts.slice(1).every((_, index) => {
    const parent = join(root, ...parts.slice(0, index + 1));
    return lstatSync(parent, { throwIfNoEntry: false })?.isDirectory() === true;
  });
}
