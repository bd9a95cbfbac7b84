import { readDockerIgnore } from './docker-ignore.ts';
import { baseName, imagePath, joinImagePath } from './image-path.ts';
import type { ImageTree, TreeNode } from './image-tree.ts';
import { isPattern, patternToRegExp } from './pattern.ts';

export interface Copy {
  /** As they are written, less quotes and variables. */
  sources: readonly string[];
  /** Absolute. */
  destination: string;
  /** It is a folder though nothing shows it yet: it was written with a final slash, or is `.`. */
  intoFolder: boolean;
  /** Keep the folders above a source (`--parents`), from `/./` on where there is one. */
  parents: boolean;
  /** Patterns of what is left out, relative to each source (`--exclude`). */
  exclude: readonly string[];
  /** New permission bits; null: those of the source. */
  mode: ((node: TreeNode) => number) | null;
  /** What takes a source's place when it is an archive (ADD): its contents, else null. */
  unpacked?: ((path: string) => ImageTree | null) | undefined;
}

/**
 * COPY as BuildKit does it: what is in a folder is copied, not the folder; links that are themselves a source, or on the
 * way, are followed, those inside of a folder stay; a file goes into a folder under its own name, else it becomes the
 * destination.
 *
 * @returns sources that are not there; a pattern may fit nothing
 */
export function copyFiles(tree: ImageTree, from: ImageTree, copy: Copy): string[] {
  if (copy.intoFolder) tree.addFolder(copy.destination);
  const missing: string[] = [];
  for (const source of copy.sources) {
    const found = copy.parents
      ? copyWithParents(tree, from, { source, copy })
      : copyOne(tree, from, { source, copy });
    if (!found && !isPattern(source)) missing.push(imagePath('/', source).slice(1));
  }
  return missing;
}

interface One {
  source: string;
  copy: Copy;
}

function copyOne(tree: ImageTree, from: ImageTree, { source, copy }: One): boolean {
  const matches = matching(from, imagePath('/', source));
  for (const match of matches) {
    const archive = copy.unpacked?.(from.follow(match)) ?? null;
    if (archive !== null)
      merge(tree, archive, { folder: '/', copy, target: tree.addFolder(copy.destination) });
    else place(tree, from, { match, copy });
  }
  return matches.length > 0;
}

function place(tree: ImageTree, from: ImageTree, { match, copy }: { match: string; copy: Copy }): void {
  const path = from.follow(match);
  const node = from.get(path);
  if (node === undefined) return;
  const destination = tree.follow(copy.destination);
  if (node.kind === 'folder') {
    merge(tree, from, { folder: path, copy, target: tree.addFolder(destination) });
    return;
  }
  const inFolder = tree.isFolder(destination);
  tree.add(inFolder ? joinImagePath(destination, baseName(match)) : destination, withMode(node, copy));
}

/** What is in a folder, into another; folders that are there stay as they are. */
function merge(
  tree: ImageTree,
  from: ImageTree,
  { folder, copy, target }: { folder: string; copy: Copy; target: string },
): void {
  const isExcluded = readDockerIgnore(copy.exclude.join('\n'));
  for (const [path, node] of [...from.below(folder)]) {
    if (isExcluded(path)) continue;
    const to = joinImagePath(target, path);
    if (node.kind !== 'folder') tree.add(to, withMode(node, copy));
    else if (!tree.isFolder(to)) {
      tree.addFolder(imagePath(to, '..'));
      tree.put(to, withMode(node, copy));
    }
  }
}

function copyWithParents(tree: ImageTree, from: ImageTree, { source, copy }: One): boolean {
  const [before = '', after] = source.includes('/./') ? cutAt(source, '/./') : [''];
  const root = from.follow(imagePath('/', before));
  const pattern = imagePath('/', after ?? source).slice(1);
  const isIncluded = patternToRegExp(pattern);
  const isExcluded = readDockerIgnore(copy.exclude.join('\n'));
  const target = tree.addFolder(copy.destination);
  let found = false;
  for (const [path, node] of [...from.below(root)]) {
    const parts = path.split('/');
    const fits = parts.some((_, index) => isIncluded.test(parts.slice(0, index + 1).join('/')));
    if (!fits && pattern !== '') continue;
    found = true;
    if (isExcluded(path)) continue;
    const to = joinImagePath(target, path);
    if (node.kind === 'folder') tree.addFolder(to);
    else tree.add(to, withMode(node, copy));
  }
  return found;
}

function cutAt(text: string, sign: string): [string, string] {
  const at = text.indexOf(sign);
  return [text.slice(0, at), text.slice(at + sign.length)];
}

function withMode(node: TreeNode, { mode }: Copy): TreeNode {
  return mode === null || node.kind === 'link' ? node : { ...node, mode: mode(node) };
}

/** Paths that a source names, links on the way to a pattern followed. */
export function matching(from: ImageTree, source: string): string[] {
  const parts = source.split('/').filter((part) => part !== '');
  const first = parts.findIndex((part) => isPattern(part));
  if (first === -1) return from.has(from.follow(source)) ? [source] : [];
  const root = from.follow(`/${parts.slice(0, first).join('/')}`);
  const depth = parts.length - first;
  const patterns = parts.slice(first).map((part) => patternToRegExp(part.replaceAll('**', '*')));
  const found: string[] = [];
  for (const [path] of from.below(root)) {
    const names = path.split('/');
    if (names.length === depth && names.every((name, index) => patterns[index]?.test(name)))
      found.push(joinImagePath(root, path));
  }
  return found.sort();
}
