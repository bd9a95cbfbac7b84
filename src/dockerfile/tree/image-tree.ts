import { imagePath, joinImagePath } from './image-path.ts';

/** Where the content of a file is. */
export type FileOrigin =
  /** A file of the context, by its path there, and the permission bits that it has there. */
  | { kind: 'context'; path: string; mode: number }
  /** Written in the Dockerfile. */
  | { kind: 'text'; text: string }
  /** Made by a RUN, or out of an archive; a file of this machine. */
  | { kind: 'made'; path: string };

export interface FileNode {
  kind: 'file';
  origin: FileOrigin;
  /** Permission bits. */
  mode: number;
}

export interface LinkNode {
  kind: 'link';
  target: string;
}

export interface FolderNode {
  kind: 'folder';
  mode: number;
}

export type TreeNode = FileNode | LinkNode | FolderNode;

export const FILE_MODE = 0o644;
export const FOLDER_MODE = 0o755;

/** More links than this on one way are a circle, as for the kernel. */
const MOST_LINKS = 40;

/** So many entries of a context are looked at before others may run: a .dockerignore may have many rules. */
const ENTRIES_A_TURN = 50;

/** What instructions have put into an image, by absolute clean paths. `/` is always there. */
export class ImageTree {
  readonly #nodes: Map<string, TreeNode>;
  #revision = 0;
  /** How often a link, or a folder with what is in it, has come or gone: until then ways lead where they led. */
  #ways = 0;
  /** The folder that something was added to last: files of one folder come one after another. */
  #last: { folder: string; real: string; ways: number } | null = null;

  constructor(nodes: Iterable<readonly [string, TreeNode]> = []) {
    this.#nodes = new Map(nodes);
  }

  clone(): ImageTree {
    return new ImageTree(this.#nodes);
  }

  get(path: string): TreeNode | undefined {
    return path === '/' ? { kind: 'folder', mode: FOLDER_MODE } : this.#nodes.get(path);
  }

  has(path: string): boolean {
    return path === '/' || this.#nodes.has(path);
  }

  isFolder(path: string): boolean {
    return this.get(path)?.kind === 'folder';
  }

  paths(): IterableIterator<string> {
    return this.#nodes.keys();
  }

  entries(): IterableIterator<[string, TreeNode]> {
    return this.#nodes.entries();
  }

  /** How often it has been changed. */
  get revision(): number {
    return this.#revision;
  }

  get size(): number {
    return this.#nodes.size;
  }

  /** The path with every link on the way followed, the last one too; what is not there stays as it is said. */
  follow(path: string): string {
    return this.#follow(path, MOST_LINKS);
  }

  /** The path with links followed, but not what itself is at its end. */
  followParent(path: string): string {
    if (path === '/') return path;
    const cut = path.lastIndexOf('/');
    return joinImagePath(this.follow(path.slice(0, cut) || '/'), path.slice(cut + 1));
  }

  #follow(path: string, left: number): string {
    let reached = '/';
    const parts = path.split('/').filter((part) => part !== '');
    for (const [index, part] of parts.entries()) {
      const next = joinImagePath(reached, part);
      const node = this.#nodes.get(next);
      if (node?.kind !== 'link') {
        reached = next;
        continue;
      }
      if (left === 0) return path;
      const rest = parts.slice(index + 1).join('/');
      const target = imagePath(reached, node.target);
      return this.#follow(imagePath(target, rest), left - 1);
    }
    return reached;
  }

  /** Makes a folder and those above it; links on the way are followed, files in the way replaced. */
  addFolder(path: string, mode = FOLDER_MODE): string {
    const real = this.follow(path);
    if (this.isFolder(real)) return real;
    this.addFolder(imagePath(real, '..'));
    this.put(real, { kind: 'folder', mode });
    return real;
  }

  /** Puts something at a path whose folder is there; what was there of another kind goes. */
  put(path: string, node: TreeNode): void {
    this.#revision++;
    const old = this.#nodes.get(path);
    if (old?.kind === 'link' || node.kind === 'link') this.#ways++;
    if (old?.kind === 'folder' && node.kind !== 'folder') this.remove(path);
    this.#nodes.set(path, node);
  }

  /** Puts something at a path, with the folders above it. */
  add(path: string, node: TreeNode): void {
    const folder = folderOf(path);
    if (this.#last?.folder !== folder || this.#last.ways !== this.#ways) {
      const real = this.addFolder(folder);
      this.#last = { folder, real, ways: this.#ways };
    }
    this.put(joinImagePath(this.#last.real, path.slice(path.lastIndexOf('/') + 1)), node);
  }

  remove(path: string): void {
    this.#revision++;
    this.#ways++;
    const node = this.#nodes.get(path);
    this.#nodes.delete(path);
    if (node?.kind !== 'folder') return;
    for (const each of [...this.#nodes.keys()]) if (each.startsWith(`${path}/`)) this.#nodes.delete(each);
  }

  /** Everything in a folder, outer before inner, by paths relative to it. */
  *below(folder: string): Generator<[string, TreeNode]> {
    const prefix = folder === '/' ? '/' : `${folder}/`;
    for (const [path, node] of this.#nodes)
      if (path.startsWith(prefix)) yield [path.slice(prefix.length), node];
  }
}

/** Files of the context by their paths in the image. */
export function contextFiles(tree: ImageTree): Map<string, string> {
  const files = new Map<string, string>();
  for (const [path, node] of tree.entries())
    if (node.kind === 'file' && node.origin.kind === 'context') files.set(path, node.origin.path);
  return files;
}

/** Something that a context holds, by its path in it. */
export type ContextEntry =
  | { path: string; kind: 'file'; executable: boolean }
  | { path: string; kind: 'link'; target: string }
  | { path: string; kind: 'folder' };

/** A context as what COPY copies from: its folders are there, also those whose files all stay out. */
export async function contextTree(
  entries: readonly ContextEntry[],
  { isIgnored, turn }: { isIgnored: (path: string) => boolean; turn: () => Promise<void> },
): Promise<ImageTree> {
  const tree = new ImageTree();
  for (const [at, entry] of entries.entries()) {
    if (at % ENTRIES_A_TURN === 0) await turn();
    const path = `/${entry.path}`;
    const ignored = isIgnored(entry.path);
    addFolders(tree, entry.kind === 'folder' ? path : folderOf(path), isIgnored);
    if (ignored || entry.kind === 'folder') continue;
    addFolders(tree, folderOf(path), () => false);
    tree.put(
      path,
      entry.kind === 'link'
        ? { kind: 'link', target: entry.target }
        : contextFile(entry.path, entry.executable ? 0o755 : FILE_MODE),
    );
  }
  return tree;
}

/** Of a clean path. */
function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/';
}

function contextFile(path: string, mode: number): FileNode {
  return { kind: 'file', origin: { kind: 'context', path, mode }, mode };
}

/** The folders down to one, as far as they do not stay out themselves. */
function addFolders(tree: ImageTree, folder: string, isIgnored: (path: string) => boolean): void {
  if (tree.isFolder(folder)) return;
  addFolders(tree, imagePath(folder, '..'), isIgnored);
  const isOut = isIgnored(folder.slice(1)) || !tree.isFolder(imagePath(folder, '..'));
  if (!isOut) tree.put(folder, { kind: 'folder', mode: FOLDER_MODE });
}
