import { existsSync } from 'node:fs';
import { chmod, mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { ImageTree } from '../../../dockerfile/image-tree.ts';
import type { RunContext } from '../../engine.ts';
import { isFolder, removeTree } from '../pod/workdir.ts';
import { placesOf, readFoundImage } from '../build/image.ts';
import { imageVariables } from '../build/image-environment.ts';

/** What the Dockerfile says about running: variables, and how a pod's folder is laid out. */
export interface RunImage {
  env: ReadonlyMap<string, string>;
  /** Null: it copies nothing of the context, or there is none; a pod has the context as it is. */
  layout: ImageLayout | null;
}

export interface ImageLayout {
  tree: ImageTree;
  /** Folder of the image in which commands start. */
  workdir: string;
  executable: ReadonlySet<string>;
  places: (path: string) => readonly string[];
}

export async function readRunImage(context: Pick<RunContext, 'snapshot' | 'plan'>): Promise<RunImage> {
  const found = await readFoundImage(context);
  if (found === null) return { env: new Map(), layout: null };
  const { env, tree, workdir, copies, executable } = found.image;
  const places = placesOf(tree.files, context.plan.builder.context);
  return { env, layout: copies ? { tree, workdir, executable, places } : null };
}

/** Lays the image's tree out in a folder that stands for its root. What is there already is whole. */
export async function layOutImage(
  { tree, workdir, executable, places }: ImageLayout,
  { context, root, signal }: { context: Pick<RunContext, 'snapshot'>; root: string; signal: AbortSignal },
): Promise<void> {
  if (isFolder(root)) return;
  const beside = `${root}.new`;
  await removeTree(beside);
  await context.snapshot.layOut(beside, { places, signal });
  for (const folder of [...tree.folders, workdir]) await mkdir(join(beside, folder), { recursive: true });
  for (const path of executable) await chmod(join(beside, path), 0o755);
  await rename(beside, root);
}

/**
 * The image's variables for a pod. `root`: the folder that stands for the image's root; null: its paths are where
 * the image has them.
 */
export function runVariables(
  { env, layout }: RunImage,
  { shell, root }: { shell: Readonly<Record<string, string>>; root: string | null },
): Record<string, string> {
  const isLaidOut = (path: string) => layout !== null && path !== '/' && (layout.tree.folders.has(path) || layout.tree.files.has(path)); // prettier-ignore
  const find = (path: string) => (isLaidOut(path) ? (root === null ? path : join(root, path)) : null);
  const variables = imageVariables(env, { shell, exists: existsSync, find });
  const programs = root === null || layout === null ? [] : programFolders(layout.tree, root);
  if (programs.length === 0) return variables;
  return { ...variables, PATH: [...programs, variables['PATH'] ?? shell['PATH'] ?? ''].join(':') };
}

/** Folders of programs that every image has in its PATH: what was copied there is found by its name. */
function programFolders({ files }: ImageTree, root: string): string[] {
  return ['/usr/local/bin', '/usr/bin', '/bin']
    .filter((folder) => [...files.keys()].some((path) => path.startsWith(`${folder}/`)))
    .map((folder) => join(root, folder));
}
