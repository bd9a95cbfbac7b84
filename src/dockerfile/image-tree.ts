import { baseName, imagePath, joinImagePath } from './image-path.ts';
import { isPattern, patternToRegExp } from './pattern.ts';

/** What instructions have put into an image: files of the context by their paths in the image, and folders. */
export interface ImageTree {
  files: Map<string, string>;
  folders: Set<string>;
}

export function emptyTree(): ImageTree {
  return { files: new Map(), folders: new Set(['/']) };
}

export function cloneTree({ files, folders }: ImageTree): ImageTree {
  return { files: new Map(files), folders: new Set(folders) };
}

export function addFolder({ folders }: ImageTree, path: string): void {
  for (let each = path; each !== '/'; each = imagePath(each, '..')) folders.add(each);
}

export function addFile(tree: ImageTree, path: string, from: string): void {
  tree.files.set(path, from);
  addFolder(tree, imagePath(path, '..'));
}

export interface Copy {
  /** Clean, from the root of what is copied from; `''` is the root itself. */
  sources: readonly string[];
  /** Where to, as an absolute path. */
  destination: string;
  /** It is a folder though nothing shows it yet: it was written with a final slash, or is `.`. */
  intoFolder: boolean;
  /** Keep the folders above a source (`--parents`). */
  parents: boolean;
  isExcluded: (path: string) => boolean;
}

/**
 * COPY as BuildKit does it: what is in a folder is copied, not the folder; a file goes into a folder under its own
 * name, else it becomes the destination.
 *
 * @param from what is copied from: paths relative to its root, with the files of the context they stand for
 * @returns sources that are not there; a pattern may fit nothing
 */
export function copyInto(tree: ImageTree, from: ReadonlyMap<string, string>, copy: Copy): string[] {
  const matches = copy.sources.map((source) => ({ source, found: matching(from, source) }));
  const isFolder =
    copy.intoFolder || copy.sources.length > 1 || tree.folders.has(copy.destination) || copy.parents;
  for (const { source, found } of matches) {
    for (const match of found) copyOne(tree, from, { match, copy, isFolder: isFolder || isPattern(source) });
  }
  return matches
    .filter(({ source, found }) => found.length === 0 && !isPattern(source) && source !== '')
    .map(({ source }) => source);
}

interface Match {
  path: string;
  isFolder: boolean;
}

function copyOne(
  tree: ImageTree,
  from: ReadonlyMap<string, string>,
  { match, copy, isFolder }: { match: Match; copy: Copy; isFolder: boolean },
): void {
  const { destination, isExcluded } = copy;
  const kept = copy.parents ? imagePath('/', match.path).slice(1) : '';
  if (!match.isFolder) {
    const name = copy.parents ? kept : baseName(match.path);
    const original = from.get(match.path);
    if (original === undefined || isExcluded(match.path)) return;
    addFile(tree, isFolder ? imagePath(destination, name) : destination, original);
    return;
  }
  const target = joinImagePath(destination, kept);
  addFolder(tree, target);
  const prefix = match.path === '' ? '' : `${match.path}/`;
  for (const [path, original] of from) {
    if (path.startsWith(prefix) && !isExcluded(path))
      addFile(tree, joinImagePath(target, path.slice(prefix.length)), original);
  }
}

/** Files and folders that a source names. */
function matching(from: ReadonlyMap<string, string>, source: string): Match[] {
  if (source === '') return [{ path: '', isFolder: true }];
  if (!isPattern(source)) {
    if (from.has(source)) return [{ path: source, isFolder: false }];
    const prefix = `${source}/`;
    for (const path of from.keys()) if (path.startsWith(prefix)) return [{ path: source, isFolder: true }];
    return [];
  }
  const pattern = patternToRegExp(source);
  const found = new Map<string, Match>();
  for (const path of from.keys()) {
    const parts = path.split('/');
    for (let length = 1; length <= parts.length; length++) {
      const each = parts.slice(0, length).join('/');
      if (!found.has(each) && pattern.test(each))
        found.set(each, { path: each, isFolder: length < parts.length });
    }
  }
  return [...found.values()];
}
