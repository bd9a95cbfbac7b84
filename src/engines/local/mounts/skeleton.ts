import { posix } from 'node:path';

/** What lies in a folder of the machine; null: it is no folder, or may not be looked into. */
export type ListFolder = (path: string) => { name: string; kind: 'folder' | 'file' | 'link' }[] | null;

/** One bind mount of a new root: a path of the machine at a path of the root. */
export interface Bind {
  source: string;
  target: string;
}

/** A root folder with the machine's folders in it and places for others. */
export interface Skeleton {
  folders: string[];
  /** Empty files on which files are mounted. */
  files: string[];
  /** Links to be copied as they are. */
  links: string[];
  /** The machine's own, so that everything else is where it was. */
  binds: Bind[];
}

/** More entries than this in the way of a target, and it would take too long for each pod. */
const MOST_BINDS = 300;

/**
 * The root in which targets have places although the machine has none for them. Folders on the way to a target are
 * made anew and what is in them is mounted piece by piece; everything else is mounted whole.
 *
 * @returns null when that would take too many mounts
 */
export function planSkeleton(
  targets: readonly { path: string; isFolder: boolean }[],
  list: ListFolder,
): Skeleton | null {
  const skeleton: Skeleton = { folders: [], files: [], links: [], binds: [] };
  const outer = targets.filter(({ path }) => !targets.some((other) => isBelow(path, other.path)));
  const paths = outer.map(({ path }) => path);
  addFolder(skeleton, '/', { targets: paths, list });
  for (const { path, isFolder } of outer) (isFolder ? skeleton.folders : skeleton.files).push(path);
  return skeleton.binds.length > MOST_BINDS ? null : skeleton;
}

function addFolder(
  skeleton: Skeleton,
  path: string,
  { targets, list }: { targets: readonly string[]; list: ListFolder },
): void {
  for (const { name, kind } of list(path) ?? []) {
    const child = posix.join(path, name);
    const inside = targets.filter((target) => isBelow(target, child));
    if (targets.includes(child)) continue;
    if (kind === 'link') skeleton.links.push(child);
    else if (kind === 'file') {
      skeleton.files.push(child);
      skeleton.binds.push({ source: child, target: child });
    } else {
      skeleton.folders.push(child);
      if (inside.length === 0) skeleton.binds.push({ source: child, target: child });
      else addFolder(skeleton, child, { targets: inside, list });
    }
  }
}

/** Whether a path lies in (and is not) a folder. */
export function isBelow(path: string, folder: string): boolean {
  return path !== folder && path.startsWith(folder === '/' ? '/' : `${folder}/`);
}

/** Lines for `mount --all --fstab`. */
export function fstab(binds: readonly Bind[], root: string): string {
  return binds
    .map(({ source, target }) => `${field(source)} ${field(posix.join(root, target))} none rbind 0 0\n`)
    .join('');
}

/**
 * The line for the processes of a namespace of its own. Its source is called otherwise than that of the machine's, which
 * is mounted there already: what has the same name is passed over.
 */
export function procLine(root: string): string {
  return `pod ${field(posix.join(root, 'proc'))} proc defaults 0 0\n`;
}

/** Spaces, backslashes and the beginning of comments are written as octal numbers. */
function field(path: string): string {
  return path.replace(/[\s\\#]/g, (char) => `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`);
}
