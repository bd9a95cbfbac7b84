import { existsSync } from 'node:fs';
import { mkdir, realpath, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ImageTree, TreeNode } from '../../../dockerfile/tree/image-tree.ts';
import { environmentLinks } from '../../../dockerfile/run/made-environment.ts';
import type { RunContext } from '../../engine.ts';
import { ifThere } from '../../../base/io/files.ts';
import { isFolder, removeTree } from '../pod/workdir.ts';
import { readEnvironmentKey, readImageKey, readPrograms } from '../build/build-result.ts';
import { environmentHome } from '../build/environments/environments.ts';
import { readFollowed } from '../build/shell/follow.ts';
import { readFoundImage } from '../build/image/found-image.ts';
import { imageVariables } from '../build/image/image-environment.ts';
import { layOutTree, type TreePart } from '../build/image/lay-out-tree.ts';
import { folderAround, takeHandedOn, type HandedOn } from '../build/shell/root/hand-on.ts';

/** What the Dockerfile says about running: variables, and how a pod's folder is laid out. */
export interface RunImage {
  env: ReadonlyMap<string, string>;
  /** Null: it copies nothing of the context, or there is none; a pod has the context as it is. */
  layout: ImageLayout | null;
}

export interface ImageLayout {
  tree: ImageTree;
  /** Paths in it that stand for what was installed: the Dockerfile has made something else of them, or nothing. */
  standIns: ReadonlySet<string>;
  /** Of what a shell has followed; null: none has. */
  key: string | null;
  /** Folder of the image in which commands start. */
  workdir: string;
  /** Folder of this machine that links of the tree lead to, for the image's virtual environments; null: nothing is installed. */
  environment: string | null;
}

/**
 * @param data folder of the state, where what RUN lines did is kept
 */
export async function readRunImage(
  context: Pick<RunContext, 'snapshot' | 'plan' | 'build' | 'directory'>,
  data: string,
): Promise<RunImage> {
  const key = readImageKey(context.build);
  const followed = key === null ? null : await readFollowed(environmentHome(data, key), context);
  const found = followed?.found ?? (await readFoundImage(context));
  if (found === null) return { env: new Map(), layout: null };
  const { env, tree, workdir, copies, environments } = found.image;
  if (!copies) return { env, layout: null };
  const environment =
    readEnvironmentKey(context.build) === null ? null : dirname(readPrograms(context.build)[0] ?? '');
  const whole = tree.clone();
  let standIns: ReadonlySet<string> = new Set();
  if (environment !== null) {
    const python = (await ifThere(realpath(join(environment, 'bin', 'python')))) ?? environment;
    // What it stands on must stay where it is.
    const free = [...environments].filter((path) => !python.startsWith(`${path}/`));
    standIns = addPrograms(whole, { environment, environments: new Set(free) });
  }
  return {
    env,
    layout: { tree: whole, key: followed === null ? null : key, standIns, workdir, environment },
  };
}

/**
 * Where the image has its Python, and virtual environments: the one that was built stands for them all.
 *
 * @returns the paths at which it does
 */
function addPrograms(
  tree: ImageTree,
  { environment, environments }: { environment: string; environments: ReadonlySet<string> },
): Set<string> {
  const added = new Set<string>();
  const add = (path: string, node: TreeNode) => {
    tree.add(path, node);
    added.add(path);
  };
  // The image's own Python (`UV_PROJECT_ENVIRONMENT=/usr/local`): its programs follow below.
  const own = [...environments].filter((path) => !/^\/(?:usr(?:\/local)?)?$/.test(path));
  for (const { path, part } of environmentLinks(new Set(own))) {
    const target = part === null ? environment : join(environment, part);
    if (part !== null && !existsSync(target)) continue;
    if (tree.has(path)) tree.remove(path);
    add(path, { kind: 'link', target });
  }
  for (const name of ['python', 'python3']) {
    const path = `/usr/local/bin/${name}`;
    const text = `#!/bin/sh\nexec '${environment.replaceAll("'", "'\\''")}/bin/${name}' "$@"\n`;
    if (!tree.has(path)) add(path, { kind: 'file', origin: { kind: 'text', text }, mode: 0o755 });
  }
  return added;
}

/**
 * Lays the image's tree out in a folder that stands for its root. What is there already is whole.
 *
 * @param mounted the tree is at its paths for the pod
 */
export async function layOutImage(
  { tree, key, standIns, workdir }: ImageLayout,
  place: {
    context: Pick<RunContext, 'snapshot' | 'plan' | 'directory'>;
    root: string;
    signal: AbortSignal;
    mounted: boolean;
  },
): Promise<void> {
  const { root, signal, mounted } = place;
  const { snapshot, plan, directory } = place.context;
  if (isFolder(root)) return;
  const beside = `${root}.new`;
  await removeTree(beside);
  const source = { snapshot, context: plan.builder.context, signal, linksInto: mounted ? undefined : root };
  const given =
    key === null ? null : await takeHandedOn({ directory, key }, { tree, taken: `${root}.given` });
  await layOutTree(tree, beside, { ...source, part: given === null ? null : partOf(given, standIns) });
  await given?.leave();
  await mkdir(join(beside, tree.follow(workdir)), { recursive: true });
  await rename(beside, root);
}

/** Links are made anew: they may have to lead elsewhere. */
function partOf({ folders, moveInto }: HandedOn, standIns: ReadonlySet<string>): TreePart {
  const around = folderAround(folders);
  return {
    holds: (path, node) => node.kind !== 'link' && !standIns.has(path) && around(path) !== null,
    moveInto,
  };
}

/**
 * The image's variables for a pod. `root`: the folder that stands for the image's root; null: its paths are where
 * the image has them.
 */
export function runVariables(
  { env, layout }: RunImage,
  { shell, root }: { shell: Readonly<Record<string, string>>; root: string | null },
): Record<string, string> {
  const isLaidOut = (path: string) => layout !== null && path !== '/' && layout.tree.has(path);
  const find = (path: string) => (isLaidOut(path) ? (root === null ? path : join(root, path)) : null);
  const variables = imageVariables(env, { shell, exists: existsSync, find });
  const programs = root === null || layout === null ? [] : programFolders(layout.tree, root);
  if (programs.length === 0) return variables;
  return { ...variables, PATH: [...programs, variables['PATH'] ?? shell['PATH'] ?? ''].join(':') };
}

/** Folders of programs that every image has in its PATH: what was copied there is found by its name. */
function programFolders(tree: ImageTree, root: string): string[] {
  const files = [...tree.entries()].filter(([, { kind }]) => kind !== 'folder').map(([path]) => path);
  return ['/usr/local/bin', '/usr/bin', '/bin']
    .filter((folder) => files.some((path) => path.startsWith(`${folder}/`)))
    .map((folder) => join(root, folder));
}
