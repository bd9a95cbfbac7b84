import { copyFiles } from '../tree/copy-files.ts';
import type { ImageTree } from '../tree/image-tree.ts';
import type { RunMount } from './request.ts';

/** Puts what a mount shows into a tree. */
export function showMounted(tree: ImageTree, { target, tree: from, source }: RunMount): void {
  const copy = { destination: target, intoFolder: false, parents: false, exclude: [], mode: null };
  copyFiles(tree, from, { ...copy, sources: [source] });
}

/** A stage's files as a RUN with mounts sees them. */
export function visibleTree(tree: ImageTree, mounts: readonly RunMount[]): ImageTree {
  const seen = tree.clone();
  for (const mount of mounts) showMounted(seen, mount);
  return seen;
}
