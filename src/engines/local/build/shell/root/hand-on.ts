import { randomUUID } from 'node:crypto';
import { chmodSync, copyFileSync, constants, lchownSync, mkdirSync, renameSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isAbsent, removeAllSync } from '../../../../../base/io/files-sync.ts';
import { FOLDER_MODE, type ImageTree, type TreeNode } from '../../../../../dockerfile/tree/image-tree.ts';
import { isFolder, removeTree, workFolder } from '../../../pod/workdir.ts';
import { isAichorError, systemErrorCode } from '../../../../../errors.ts';
import type { SeenNode } from './find.ts';
import { foldersOfTheImage, placeInRoot, type StageRoot } from './root.ts';

export interface HandedPlace {
  /** Private folder of the experiment. */
  directory: string;
  /** Of what following its Dockerfile has given. */
  key: string;
}

/** Where the files that RUN lines were followed in wait for the first pod: it need not lay them out once more. */
function waitingFolder({ directory, key }: HandedPlace): string {
  return join(workFolder(directory), `image-${key}`);
}

/**
 * Hands the folders of a root that are the image's alone on to the first pod. Each holds what the tree says, and nothing else: one
 * that does not is left where it is, and laid out anew, as all of them are where this cannot be done.
 *
 * @param list what is in the root, outer before inner
 */
export async function handOn(
  { root, list }: { root: StageRoot; list: readonly SeenNode[] },
  tree: ImageTree,
  place: HandedPlace,
): Promise<void> {
  const waiting = waitingFolder(place);
  const beside = `${waiting}.new`;
  for (const folder of [waiting, beside]) await removeTree(folder);
  try {
    await mkdir(beside, { recursive: true, mode: 0o700 });
    const folders = foldersOfTheImage(tree);
    const around = folderAround(folders);
    const inside = grouped(list, (seen) => around(seen.path));
    const wanted = grouped(tree.paths(), around);
    for (const path of folders) {
      const count = wanted.get(path)?.length ?? 0;
      if (!isMadeExact(root, inside.get(path) ?? [], { tree, count })) continue;
      mkdirSync(dirname(beside + path), { recursive: true });
      renameSync(placeInRoot(root, path), beside + path);
    }
    await rename(beside, waiting);
  } catch (error) {
    if (!isAichorError(error) && systemErrorCode(error) === undefined) throw error;
    await removeTree(beside);
  }
}

/** For a path, the one of these folders that it is or lies in; null: none. There may be thousands, of which none lies in another. */
export function folderAround(folders: Iterable<string>): (path: string) => string | null {
  const all = new Set(folders);
  return (path) => {
    for (let at = path; at !== ''; at = at.slice(0, at.lastIndexOf('/'))) if (all.has(at)) return at;
    return null;
  };
}

function grouped<T>(all: Iterable<T>, keyOf: (each: T) => string | null): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const each of all) {
    const key = keyOf(each);
    if (key === null) continue;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [each]);
    else group.push(each);
  }
  return groups;
}

/**
 * Takes away what the image has not, gives the rest the modes that it has there, and tells whether that is all of it.
 *
 * @param count how much the image has there
 */
function isMadeExact(
  root: StageRoot,
  list: readonly SeenNode[],
  { tree, count }: { tree: ImageTree; count: number },
): boolean {
  let gone: string | null = null;
  let made = 0;
  for (const seen of list) {
    if (gone !== null && seen.path.startsWith(`${gone}/`)) continue;
    const node = tree.get(seen.path);
    const place = placeInRoot(root, seen.path);
    if (node === undefined) {
      removeAllSync(place);
      gone = seen.path;
      continue;
    }
    if (!isSameKind(node, seen)) return false;
    makeOurs(place, seen, node);
    made += 1;
  }
  return made === count;
}

function isSameKind(node: TreeNode, { kind, target }: SeenNode): boolean {
  if (node.kind === 'link') return kind === 'l' && target === node.target;
  return kind === (node.kind === 'file' ? 'f' : 'd');
}

/** As if it had just been laid out. */
function makeOurs(place: string, { mode, links, owner }: SeenNode, node: TreeNode): void {
  const uid = process.getuid?.() ?? owner;
  if (owner !== uid) lchownSync(place, uid, process.getgid?.() ?? uid);
  if (node.kind === 'link') return;
  // An installer's cache may have the other name of it.
  if (node.kind === 'file' && links > 1) {
    const copy = `${place}.${randomUUID()}`;
    copyFileSync(place, copy, constants.COPYFILE_FICLONE);
    renameSync(copy, place);
  }
  const wanted = modeOf(node);
  if (wanted !== null && wanted !== mode) chmodSync(place, wanted);
}

/** Null: as it was laid out. */
function modeOf(node: Exclude<TreeNode, { kind: 'link' }>): number | null {
  if (node.kind === 'folder') return node.mode === FOLDER_MODE ? null : node.mode | 0o700;
  const { origin, mode } = node;
  return origin.kind === 'context' && origin.mode === mode ? null : mode | 0o600;
}

/** Folders of an image that are there already, and where. */
export interface HandedOn {
  folders: readonly string[];
  /** Puts them in a folder that stands for the image's root, in which nothing is at their paths. */
  moveInto(root: string): void;
  /** Removes what has not been moved. */
  leave(): Promise<void>;
}

/**
 * What was handed on, for the first who asks.
 *
 * @param tree the image's, of which it is a part
 * @param taken folder to keep it in until it is moved, which is not there yet
 */
export async function takeHandedOn(
  place: HandedPlace,
  { tree, taken }: { tree: ImageTree; taken: string },
): Promise<HandedOn | null> {
  try {
    await mkdir(dirname(taken), { recursive: true });
    await rename(waitingFolder(place), taken);
  } catch (error) {
    if (isAbsent(error)) return null;
    throw error;
  }
  const folders = foldersOfTheImage(tree).filter((path) => isFolder(taken + path));
  return {
    folders,
    moveInto(root) {
      for (const path of folders) {
        mkdirSync(dirname(root + path), { recursive: true });
        renameSync(taken + path, root + path);
      }
    },
    leave: () => removeTree(taken),
  };
}
