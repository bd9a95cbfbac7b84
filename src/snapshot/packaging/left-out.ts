import { resolve } from 'node:path';
import { walk } from './reading/walk.ts';
import type { ScannedPaths } from './scanned.ts';
import type { DecidingLine } from './selection/rules.ts';
import { selectionFor } from './selection/selection.ts';

/** What one rule leaves out of what is sent: a line of an ignore file, or one that always holds. */
export interface LeftOut {
  /** The file with the rule: `.gitignore`, `a/.gitignore`, `.aichorignore`, …; null: it is left out always. */
  file: string | null;
  /** Line of the rule, from 1; null: it is left out always. */
  line: number | null;
  /** The rule; of what is left out always, too: `.venv`, `*.pyc`; `pyvenv.cfg` stands for a folder that holds it. */
  pattern: string | null;
  /** How many files and folders; those in a folder that is left out are not counted. */
  count: number;
  /** The first of them, or all; folders with a final `/`. */
  paths: string[];
}

interface Wanted {
  env: Readonly<Record<string, string | undefined>>;
  /** What is sent, whatever the rules say: files that Git tracks though it ignores them. */
  sent: Pick<ScannedPaths, 'has'>;
  /** Every path, and Git's own folder too, which nobody misses. */
  all?: boolean;
  signal?: AbortSignal | undefined;
}

const MOST_PATHS = 10;

/** What of a directory would not be sent, by the rule that says so, most of it first. Throws what walking it throws. */
export async function leftOut(root: string, { env, sent, all = false, signal }: Wanted): Promise<LeftOut[]> {
  const folder = resolve(root);
  const byRule = new Map<string, LeftOut>();
  const onLeftOut = (path: string, by: DecidingLine | null) => {
    if (sent.has(path) || (!all && (path === '.git/' || path === '.git'))) return;
    const { file = null, line = null, pattern = null } = by ?? {};
    const key = file === null ? `always ${pattern}` : `${file}:${line}`;
    const group = byRule.get(key) ?? { file, line, pattern, count: 0, paths: [] };
    group.count++;
    if (all || group.paths.length < MOST_PATHS) group.paths.push(path);
    byRule.set(key, group);
  };
  await walk(folder, selectionFor(folder, env), { signal, onLeftOut });
  return [...byRule.values()].sort(
    (a, b) => b.count - a.count || ((a.paths[0] ?? '') < (b.paths[0] ?? '') ? -1 : 1),
  );
}
