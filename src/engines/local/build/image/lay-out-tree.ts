import { chmodSync, copyFileSync, constants, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readFile } from 'node:fs/promises';
import type { ImageTree, TreeNode } from '../../../../dockerfile/tree/image-tree.ts';
import { FOLDER_MODE } from '../../../../dockerfile/tree/image-tree.ts';
import { removeAllSync } from '../../../../base/io/files-sync.ts';
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

/** A part of a tree that is there already. */
export interface TreePart {
  holds(path: string, node: TreeNode): boolean;
  /** Puts it where it belongs; nothing else is at its paths yet. */
  moveInto(root: string): void;
}

/**
 * Lays a tree out in a folder (missing, or empty) that stands for the root of the image.
 *
 * @param part what need not be made; null: nothing
 */
export async function layOutTree(
  tree: ImageTree,
  root: string,
  { part, ...source }: TreeSource & { part?: TreePart | null },
): Promise<void> {
  const { snapshot, context, signal } = source;
  const isMissing = (path: string, node: TreeNode) => part?.holds(path, node) !== true;
  await snapshot.layOut(root, { places: placesOf(tree, { context, isMissing }), signal });
  part?.moveInto(root);
  const folders: [string, number][] = [];
  for (const [path, node] of tree.entries()) {
    if (isAsStored(node) || !isMissing(path, node)) continue;
    if (node.kind === 'folder' && node.mode !== FOLDER_MODE) folders.push([path, node.mode]);
    // Another thing may be there of what has been moved.
    if (part != null && node.kind !== 'folder') removeAllSync(`${root}${path}`);
    layOutNode(`${root}${path}`, node, { ...source, tree });
  }
  // Modes of folders come last: one may forbid writing into it.
  for (const [path, mode] of folders) chmodSync(`${root}${path}`, mode | 0o700);
}

/** A file of the context, of which nothing was changed. */
function isAsStored(node: TreeNode): boolean {
  return node.kind === 'file' && node.origin.kind === 'context' && node.origin.mode === node.mode;
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
    chmodSync(path, mode | 0o600);
  }
}

/** Where files of a snapshot go when the context's are laid out as a tree has them. */
function placesOf(
  tree: ImageTree,
  { context, isMissing }: { context: string; isMissing: (path: string, node: TreeNode) => boolean },
): Map<string, string[]> {
  const prefix = contextPrefix(context);
  const places = new Map<string, string[]>();
  for (const [path, node] of tree.entries()) {
    if (node.kind !== 'file' || node.origin.kind !== 'context' || !isMissing(path, node)) continue;
    const from = `${prefix}${node.origin.path}`;
    const known = places.get(from);
    if (known === undefined) places.set(from, [path.slice(1)]);
    else known.push(path.slice(1));
  }
  return places;
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
