import { chmodSync, lstatSync, mkdirSync, renameSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isThereSync, removeAllSync } from '../../../../../base/io/files-sync.ts';
import { isAichorError } from '../../../../../errors.ts';
import { ImageTree, type FileNode, type TreeNode } from '../../../../../dockerfile/tree/image-tree.ts';
import { removeTree } from '../../../pod/workdir.ts';
import { isRead, UNREAD } from '../../environments/reads.ts';
import { layOutTree, type TreeSource } from '../../image/lay-out-tree.ts';
import { changesSince, STEP, type Looking, type RootChange } from './changes.ts';
import { find, type SeenNode } from './find.ts';
import type { Namespace } from './namespace.ts';
import { isOverlaid, placeInRoot, prepareRoot, type RootBind, type StageRoot } from './root.ts';

/** What a root holds now. */
export interface StandingRoot {
  root: StageRoot;
  tree: ImageTree;
  /** The stage's tree that it was made like, and how often that had changed then. */
  seen: { tree: ImageTree; revision: number } | null;
  stamps: Map<string, number>;
  inodes: Map<string, number>;
  namespace: Namespace | null;
  /** Files of the context that were read, moved or removed, by their paths in it. */
  read: Set<string>;
  /** What is in it at the end, when that has been looked at. */
  list: readonly SeenNode[] | null;
  /** Files that are newer were changed by RUN lines of which that has not been told yet; null: all has been. */
  mark: string | null;
}

export function newStanding(root: StageRoot): StandingRoot {
  return {
    root,
    tree: new ImageTree(),
    seen: null,
    stamps: new Map(),
    inodes: new Map(),
    namespace: null,
    read: new Set(),
    list: null,
    mark: null,
  };
}

/** What changes from now on is newer than a file at this path: as file systems count time in steps, that is waited for. */
export async function markStanding(there: StandingRoot, path: string): Promise<void> {
  if (there.mark !== null) return;
  writeFileSync(path, '');
  const { mtimeMs } = lstatSync(path);
  const probe = `${path}.probe`;
  for (;;) {
    writeFileSync(probe, '');
    if (lstatSync(probe).ctimeMs > mtimeMs) break;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  there.mark = path;
}

/** What changed in it since the mark; it is known from then on. */
export async function takeChanges(
  there: StandingRoot,
  kept: Pick<Looking, 'made' | 'excluded' | 'shown' | 'mostBytes'>,
): Promise<RootChange[]> {
  const { tree, mark } = there;
  if (mark === null) return [];
  const { changes, passing } = await changesSince({ ...there, ...kept, mark });
  there.mark = null;
  await takeAway(there, passing);
  for (const [path, node] of changes) {
    noteChange(there, path, node);
    if (node === null) tree.remove(path);
    else tree.add(path, node);
  }
  return changes;
}

/** What is at these paths is no longer what was put there, nor the image's: what the image has is laid out anew. */
async function takeAway(there: StandingRoot, paths: readonly string[]): Promise<void> {
  const { root, tree } = there;
  if (paths.some(isOverlaid)) await leaveMounts(there);
  for (const path of paths) {
    noteReads(there, [path, ...[...tree.below(path)].map(([inner]) => `${path}/${inner}`)]);
    removeAllSync(placeInRoot(root, path));
    tree.remove(path);
  }
}

/** What is laid over this machine's folders is changed with nothing mounted on it. */
async function leaveMounts(there: StandingRoot): Promise<void> {
  await there.namespace?.leave();
  there.namespace = null;
}

/** What is not where it was put, or is another, has been moved, removed or rewritten by somebody who knew it. */
function noteChange({ tree, read }: StandingRoot, path: string, node: TreeNode | null): void {
  const old = tree.get(path);
  const went = old?.kind === 'folder' ? (node === null ? tree.below(path) : []) : [[path, old] as const];
  for (const [, each] of went)
    if (each?.kind === 'file' && each.origin.kind === 'context' && !isOfSame(each, node))
      read.add(each.origin.path);
}

/** Only its mode was changed. */
function isOfSame(old: FileNode, node: TreeNode | null): boolean {
  return node?.kind === 'file' && node.origin === old.origin;
}

/** Whether files of the context were read is looked at before they go. */
function noteReads({ root, tree, read }: StandingRoot, paths: Iterable<string>): void {
  for (const path of paths) {
    const node = tree.get(path);
    if (node?.kind !== 'file' || node.origin.kind !== 'context') continue;
    const seen = lstatSync(placeInRoot(root, path), { throwIfNoEntry: false });
    if (seen === undefined || isRead(seen.atimeMs / 1000)) read.add(node.origin.path);
  }
}

/**
 * What is in it, when nothing is mounted in it any more.
 *
 * @returns null: more than can be listed
 */
export async function listRoot(there: StandingRoot, mostBytes: number): Promise<readonly SeenNode[] | null> {
  try {
    there.list ??= await find(there.root.folder, { at: '', tests: [], mostBytes });
  } catch (error) {
    if (!isAichorError(error)) throw error;
  }
  return there.list;
}

/**
 * Which files of the context the lines that were followed in it have read, by their paths in the context.
 *
 * @returns null: this file system does not tell
 */
export async function readsOfRoot(
  there: StandingRoot,
  mostBytes: number,
): Promise<ReadonlySet<string> | null> {
  const { tree, read } = there;
  const list = await listRoot(there, mostBytes);
  const files = list?.filter(({ kind }) => kind === 'f') ?? [];
  const accessed = files.filter((seen) => isRead(seen.accessed));
  if (list === null || (files.length > 0 && accessed.length + read.size === 0)) return null;
  for (const { path } of accessed) {
    const node = tree.get(path);
    if (node?.kind === 'file' && node.origin.kind === 'context') read.add(node.origin.path);
  }
  return read;
}

/** Makes a root hold what a stage has. Its mounts are taken away where they do not let that be seen. */
export async function bringUp(
  there: StandingRoot,
  wanted: ImageTree,
  { source, binds }: { source: TreeSource; binds: readonly RootBind[] },
): Promise<void> {
  const { root, tree, stamps } = there;
  const missing = new ImageTree();
  for (const [path, node] of wanted.entries()) if (tree.get(path) !== node) missing.add(path, node);
  const gone = [...tree.paths()].filter((path) => !wanted.has(path)).reverse();
  if (missing.size + gone.length === 0 && there.namespace !== null) return;
  if ([...gone, ...missing.paths()].some(isOverlaid)) await leaveMounts(there);
  noteReads(there, [...gone, ...missing.paths()]);
  for (const path of gone) removeAllSync(placeInRoot(root, path));
  const incoming = `${root.folder}.incoming`;
  if (missing.size > 0) {
    await removeTree(incoming);
    await layOutTree(missing, incoming, source);
    stamp(missing, { incoming, stamps });
  }
  const isFirst = !isThereSync(root.folder);
  if (isFirst && missing.size > 0 && ![...missing.paths()].some(isOverlaid))
    renameSync(incoming, root.folder);
  else
    for (const [path, node] of missing.entries())
      moveIn(join(incoming, path), placeInRoot(root, path), wanted.get(path) === node ? node : null);
  if (there.namespace === null) {
    prepareRoot(root);
    // The places on which mounts stand.
    for (const { target } of binds) mkdirSync(join(root.folder, target), { recursive: true });
  }
  for (const [path, { kind }] of missing.entries())
    if (kind === 'folder') there.inodes.set(path, lstatSync(placeInRoot(root, path)).ino);
  there.tree = wanted.clone();
}

/** Each file gets a time of its own, by which it is known again, and none of being read. */
function stamp(
  files: ImageTree,
  { incoming, stamps }: { incoming: string; stamps: Map<string, number> },
): void {
  let time = Date.now() / 1000;
  for (const [path, { kind }] of files.entries()) {
    if (kind !== 'file') continue;
    time += STEP;
    utimesSync(incoming + path, UNREAD, time);
    stamps.set(path, time);
  }
}

/** @param node null: a folder that is there, or only on the way to something */
function moveIn(from: string, to: string, node: TreeNode | null): void {
  mkdirSync(node === null ? to : dirname(to), { recursive: true });
  if (node === null) return;
  if (node.kind === 'folder') {
    mkdirSync(to, { recursive: true });
    chmodSync(to, node.mode | 0o700);
    return;
  }
  removeAllSync(to);
  renameSync(from, to);
}
