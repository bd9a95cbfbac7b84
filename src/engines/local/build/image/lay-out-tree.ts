import { chmodSync, copyFileSync, constants, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readFile } from 'node:fs/promises';
import type { ImageTree, TreeNode } from '../../../../dockerfile/tree/image-tree.ts';
import { FOLDER_MODE } from '../../../../dockerfile/tree/image-tree.ts';
import type { SnapshotReader } from '../../../engine.ts';
import { contextPrefix } from './context.ts';

export interface TreeSource {
  snapshot: Pick<SnapshotReader, 'layOut'>;
  /** `builder.context`. */
  context: string;
  signal: AbortSignal;
  /** Folder that absolute links lead into: it stands for the image's root. Absent: they stay as they are. */
  linksInto?: string | undefined;
}

/** Lays a tree out in a folder (missing, or empty) that stands for the root of the image. */
export async function layOutTree(tree: ImageTree, root: string, source: TreeSource): Promise<void> {
  const { snapshot, context, signal } = source;
  await snapshot.layOut(root, { places: placesOf(tree, context), signal });
  for (const [path, node] of tree.entries()) layOutNode(`${root}${path}`, node, { ...source, tree });
  // Modes of folders come last: one may forbid writing into it.
  for (const [path, node] of tree.entries())
    if (node.kind === 'folder' && node.mode !== FOLDER_MODE) chmodSync(`${root}${path}`, node.mode | 0o700);
}

/** Puts one thing other than a file of the context there; of such a file only its permission bits. */
function layOutNode(
  path: string,
  node: TreeNode,
  { linksInto, tree }: Pick<TreeSource, 'linksInto'> & { tree: ImageTree },
): void {
  if (node.kind === 'folder') mkdirSync(path, { recursive: true });
  else if (node.kind === 'link') {
    const isInside =
      linksInto !== undefined && node.target.startsWith('/') && tree.has(tree.follow(node.target));
    symlinkSync(isInside ? join(linksInto, node.target) : node.target, path);
  } else {
    const { origin, mode } = node;
    if (origin.kind === 'text') writeFileSync(path, origin.text);
    else if (origin.kind === 'made') copyFileSync(origin.path, path, constants.COPYFILE_FICLONE);
    if (origin.kind !== 'context' || origin.mode !== mode) chmodSync(path, mode | 0o600);
  }
}

/** Where files of a snapshot go when the context's are laid out as a tree has them. */
export function placesOf(tree: ImageTree, context: string): (path: string) => readonly string[] {
  const prefix = contextPrefix(context);
  const places = new Map<string, string[]>();
  for (const [path, node] of tree.entries()) {
    if (node.kind !== 'file' || node.origin.kind !== 'context') continue;
    const from = `${prefix}${node.origin.path}`;
    const known = places.get(from);
    if (known === undefined) places.set(from, [path.slice(1)]);
    else known.push(path.slice(1));
  }
  return (path) => places.get(path) ?? [];
}

/** Content of a file of a tree; null: it is none. */
export async function readTreeFile(
  tree: ImageTree,
  path: string,
  { snapshot, context }: { snapshot: Pick<SnapshotReader, 'read'>; context: string },
): Promise<string | null> {
  const node = tree.get(tree.follow(path));
  if (node?.kind !== 'file') return null;
  const { origin } = node;
  if (origin.kind === 'text') return origin.text;
  if (origin.kind === 'made') return (await readFile(origin.path)).toString('utf8');
  return (await snapshot.read(`${contextPrefix(context)}${origin.path}`))?.toString('utf8') ?? null;
}
