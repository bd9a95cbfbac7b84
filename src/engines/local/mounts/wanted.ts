import { contextFiles, type ImageTree } from '../../../dockerfile/tree/image-tree.ts';
import { mentions, mountTargets } from '../../../dockerfile/tree/mount-targets.ts';
import type { RunContext } from '../../engine.ts';
import type { ImageLayout } from './run-image.ts';
import type { Volume } from './volumes.ts';
import type { Mount } from './prepare.ts';
import { isShared } from './shared-places.ts';
import { isBelow } from './skeleton.ts';

/** Files that may name paths of the image, and how many of them are looked into. */
const TEXTS = /\.(py|sh|bash|ya?ml|toml|cfg|ini|json|conf)$|(^|\/)[^./]+$/;
const MOST_TEXTS = 500;
const LARGEST_TEXT = 256 << 10;

/**
 * What pods should find at paths of their own: volumes, and the image's files, these only when the command, a
 * variable or the code speaks of such a path: mounts cost each pod some milliseconds.
 */
export async function wantedMounts(
  layout: ImageLayout | null,
  volumes: readonly Volume[],
  context: RunContext,
): Promise<Mount[]> {
  const ofVolumes = volumes.map(({ path, folder }) => ({ path, isFolder: true, source: folder }));
  const targets = layout === null ? [] : mountTargets(layout.tree.paths());
  if (layout === null || targets.length === 0) return ofVolumes;
  const isWanted = volumes.length > 0 || (await isMentioned(targets, layout, context));
  if (!isWanted) return ofVolumes;
  // What builds leave in /tmp is of no use to pods: only what is named, and where they start.
  const inShared = targets.filter(isShared);
  const named = await namedPaths(inShared, layout, context);
  const isOfUse = (path: string) =>
    !inShared.includes(path) || named.includes(path) || isWithin(layout.workdir, path);
  return [
    ...targets.filter(isOfUse).flatMap((path): Mount[] => {
      // A link is what it leads to; one that leads out of what the Dockerfile makes, and not to what was installed, leads nowhere here.
      const inside = layout.tree.follow(path);
      if (inside === layout.environment) return [{ path, isFolder: true, source: inside }];
      const found = layout.tree.get(inside);
      if (found === undefined && layout.tree.get(path) !== undefined) return [];
      return [{ path, inside, isFolder: found?.kind !== 'file', source: null }];
    }),
    ...ofVolumes,
  ];
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || isBelow(path, folder);
}

async function isMentioned(
  targets: readonly string[],
  { tree }: ImageLayout,
  context: RunContext,
): Promise<boolean> {
  for await (const text of textsOf(tree, context)) if (mentions(text, targets)) return true;
  return false;
}

/**
 * Which of these paths the command, a variable or the code names. The Dockerfile and files like it do not count: they
 * name all of them, and no pod opens them.
 */
export async function namedPaths(
  paths: readonly string[],
  { tree }: ImageLayout,
  context: RunContext,
): Promise<string[]> {
  const named = new Set<string>();
  if (paths.length === 0) return [];
  for await (const text of textsOf(tree, context, DOCKERFILE))
    for (const path of paths) if (mentions(text, [path])) named.add(path);
  return [...named].sort();
}

const DOCKERFILE =
  /(?:^|\/)(?:(?:[^/]*\.)?Dockerfile[^/]*|(?:docker-)?compose[^/]*\.ya?ml|devcontainer\.json)$/i;

/** Everything in which a path may be named that a pod opens. */
async function* textsOf(
  tree: ImageTree,
  { plan, snapshot }: RunContext,
  without: RegExp | null = null,
): AsyncGenerator<string, void, void> {
  const values = plan.groups.flatMap(({ env }) =>
    env.flatMap(({ source }) => (source.kind === 'literal' ? [source.value] : [])),
  );
  yield* [plan.command, ...values, ...(plan.graceful_termination?.shutdown_command ?? [])];
  const prefix = plan.builder.context === '.' ? '' : `${plan.builder.context}/`;
  const texts = [...new Set(contextFiles(tree).values())]
    .filter((path) => TEXTS.test(path) && without?.test(path) !== true)
    .slice(0, MOST_TEXTS);
  for (const path of texts) {
    const content = await snapshot.read(`${prefix}${path}`);
    if (content !== null && content.length <= LARGEST_TEXT) yield content.toString('latin1');
  }
}
