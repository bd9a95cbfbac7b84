import { constants, copyFileSync, lstatSync, mkdirSync, utimesSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isThereSync } from '../../../../../base/io/files-sync.ts';
import type { ImageTree, TreeNode } from '../../../../../dockerfile/tree/image-tree.ts';
import { find, type SeenNode } from './find.ts';
import { isOfTheRoot, placeInRoot, type StageRoot } from './root.ts';

/** A path of the image, and what is there now; null: nothing. */
export type RootChange = [string, TreeNode | null];

export interface Looking {
  root: StageRoot;
  /** What was there at the mark. */
  tree: ImageTree;
  /** When its files were laid out, by path: seconds, each with a time of its own. */
  stamps: ReadonlyMap<string, number>;
  /** A file of which everything is newer that was changed since. */
  mark: string;
  /** Folder to keep made files in, which is not there yet. */
  made: string;
  /** Of folders, by path: one with another number has come from elsewhere, with all that is in it. */
  inodes: Map<string, number>;
  /** Virtual environments: they are not looked into. */
  excluded: readonly string[];
  /** Where something was only shown to the line. */
  shown: readonly string[];
  /** How long the list of what changed may be. */
  mostBytes: number;
}

export interface RootChanges {
  changes: RootChange[];
  /** Paths at which something is another now that was only shown: the image has none of that. Outer before inner. */
  passing: string[];
}

/** What was made or changed in a root since a mark, and what is gone. */
export async function changesSince(looking: Looking): Promise<RootChanges> {
  const { root, tree, inodes, shown } = looking;
  const changes: RootChange[] = [];
  const passing: string[] = [];
  const touched = new Set<string>();
  const { mostBytes, mark } = looking;
  const newer = await find(root.folder, { at: '', tests: ['-cnewer', mark], mostBytes });
  const all = new Map(newer.map((seen) => [seen.path, seen]));
  // Moved in: what is in it is no newer than it was.
  const strange = newer.filter(
    ({ kind, path, inode }) =>
      kind === 'd' &&
      isOfTheImage(path, looking.excluded) &&
      !isIn(shown, path) &&
      inodes.get(path) !== inode,
  );
  for (const { path } of outermost(strange)) {
    const inner = await find(root.folder + path, { at: path, tests: [], mostBytes });
    for (const seen of inner) all.set(seen.path, seen);
  }
  for (const seen of all.values()) {
    if (seen.kind === 'd') touched.add(seen.path);
    if (!isOfTheImage(seen.path, looking.excluded)) continue;
    if (isIn(shown, seen.path)) {
      passing.push(seen.path);
      continue;
    }
    if (seen.kind === 'd') inodes.set(seen.path, seen.inode);
    const node = nodeAt(seen, { looking, number: changes.length });
    if (node !== undefined) changes.push([seen.path, node]);
  }
  const gone = new Set<string>();
  if (touched.size > 0)
    for (const path of tree.paths())
      if (touched.has(dirname(path)) && !isThereSync(placeInRoot(root, path))) gone.add(path);
  const outer = [...gone].filter((path) => !gone.has(dirname(path)));
  const lost = outer.filter((path) => !isIn(shown, path)).map((path): RootChange => [path, null]);
  return {
    changes: [...lost, ...changes.sort(([a], [b]) => (a < b ? -1 : 1))],
    passing: [...passing, ...outer.filter((path) => isIn(shown, path))].sort(),
  };
}

function outermost(folders: readonly SeenNode[]): SeenNode[] {
  const paths = new Set(folders.map(({ path }) => path));
  return folders.filter(({ path }) => !paths.has(dirname(path)));
}

/** Not what every root has, nor an environment, which is made otherwise. */
function isOfTheImage(path: string, excluded: readonly string[]): boolean {
  return path !== '/' && !isOfTheRoot(path) && !isIn(excluded, path);
}

function isIn(folders: readonly string[], path: string): boolean {
  return folders.some((each) => path === each || path.startsWith(`${each}/`));
}

/** What is there now; undefined: the same as before. */
function nodeAt(
  { path, kind, mode, time, target }: SeenNode,
  { looking, number }: { looking: Looking; number: number },
): TreeNode | null | undefined {
  const old = looking.tree.get(path);
  if (kind === 'c') return null;
  if (kind === 'd') return old?.kind === 'folder' && old.mode === mode ? undefined : { kind: 'folder', mode };
  if (kind === 'l')
    return old?.kind === 'link' && old.target === target ? undefined : { kind: 'link', target };
  if (kind !== 'f') return undefined;
  const stamp = looking.stamps.get(path);
  const isSame = old?.kind === 'file' && stamp !== undefined && Math.abs(stamp - time) < STEP / 2;
  if (isSame) return old.mode === mode ? undefined : { ...old, mode };
  return { kind: 'file', origin: { kind: 'made', path: keep(path, { looking, number }) }, mode };
}

/** A copy; that it was read for this counts for nothing. */
function keep(path: string, { looking, number }: { looking: Looking; number: number }): string {
  const kept = join(looking.made, String(number));
  mkdirSync(looking.made, { recursive: true });
  const source = placeInRoot(looking.root, path);
  const { atimeMs, mtimeMs } = lstatSync(source);
  copyFileSync(source, kept, constants.COPYFILE_FICLONE);
  utimesSync(source, atimeMs / 1000, mtimeMs / 1000);
  return kept;
}

/** Between the times of two files that are laid out: more than is lost when they are written down. */
export const STEP = 10e-6;
