import type { Form } from './form.ts';
import { COPIES, REFUSED } from './forms/copies.ts';
import { RUNS } from './forms/runs.ts';
import { VARIABLES } from './forms/variables.ts';

/** All of it. */
export const FORMS: Form[] = [...VARIABLES, ...COPIES, ...REFUSED, ...RUNS];

/** What a tree has otherwise than a working directory with files had; null: it is gone. */
export function differences(
  tree: Readonly<Record<string, string>>,
  files: Readonly<Record<string, string>>,
): Record<string, string | null> {
  const before: Record<string, string> = { ...files };
  for (const path of Object.keys(files))
    for (let at = path.indexOf('/'); at !== -1; at = path.indexOf('/', at + 1))
      before[path.slice(0, at)] = 'folder';
  const changed = Object.entries(tree).filter(
    ([path, what]) => path !== 'Dockerfile' && before[path] !== what,
  );
  const gone = Object.keys(before)
    .filter((path) => tree[path] === undefined)
    .map((path) => [path, null]);
  return { ...Object.fromEntries(changed), ...Object.fromEntries(gone) };
}
