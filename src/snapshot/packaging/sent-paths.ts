import { resolve } from 'node:path';
import { selectTree } from './scan.ts';
import type { ScannedPaths } from './scanned.ts';
import { selectionFor } from './selection/selection.ts';

/** What of a directory would be sent, by name alone: no content is read. Throws what walking it throws. */
export async function sentPaths(
  root: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<ScannedPaths> {
  const folder = resolve(root);
  const tree = await selectTree(folder, selectionFor(folder, env), { env });
  const list = [...tree.files, ...tree.links].map(({ path }) => path).sort();
  const files = new Set(list);
  const folders = new Set(tree.folders.map(({ path }) => path));
  for (const path of [...list, ...folders]) {
    for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1)) {
      const above = path.slice(0, at);
      if (folders.has(above)) break;
      folders.add(above);
    }
  }
  return { has: (path) => files.has(path), hasFolder: (path) => folders.has(path), list: () => list };
}
