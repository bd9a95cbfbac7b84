import { resolve } from 'node:path';
import { walk } from './reading/walk.ts';
import { selectionFor } from './selection/selection.ts';
import { trackedThoughIgnored } from './selection/tracked.ts';

/** What one line of an ignore file leaves out of what is sent. */
export interface LeftOut {
  /** `.gitignore`, `a/.gitignore`, `.aichorignore`, …; null: it is left out always. */
  file: string | null;
  /** From 1. */
  line: number | null;
  pattern: string | null;
  /** How many files and folders; those in a folder that is left out are not counted. */
  count: number;
  /** The first of them, folders with a final `/`. */
  paths: string[];
}

const MOST_PATHS = 10;

/** What of a directory would not be sent, by the line that says so, most of it first. Throws what walking it throws. */
export async function leftOut(
  root: string,
  { env, signal }: { env: Readonly<Record<string, string | undefined>>; signal?: AbortSignal | undefined },
): Promise<LeftOut[]> {
  const folder = resolve(root);
  const selection = selectionFor(folder, env);
  const tracked = selection.repository === null ? [] : (await trackedThoughIgnored(folder, env)).paths;
  const taken = new Set(tracked);
  const byLine = new Map<string, LeftOut>();
  const onLeftOut = (path: string, by: (Pick<LeftOut, 'line' | 'file'> & { pattern: string }) | null) => {
    if (taken.has(path) || path === '.git/' || path === '.git') return;
    const key = by?.file == null ? 'always' : `${by.file}:${by.line}`;
    const group = byLine.get(key) ?? {
      file: by?.file ?? null,
      line: by?.line ?? null,
      pattern: by?.file == null ? null : by.pattern,
      count: 0,
      paths: [],
    };
    group.count++;
    if (group.paths.length < MOST_PATHS) group.paths.push(path);
    byLine.set(key, group);
  };
  await walk(folder, selection, { signal, onLeftOut });
  return [...byLine.values()].sort(
    (a, b) => b.count - a.count || ((a.paths[0] ?? '') < (b.paths[0] ?? '') ? -1 : 1),
  );
}
