import { posix } from 'node:path';
import type { RunContext } from '../../../engine.ts';
import { readEnvironmentKey } from '../build-result.ts';
import { environmentHome } from '../environments/environments.ts';
import type { RunImage } from '../../mounts/run-image.ts';
import { contextFiles } from '../../../../dockerfile/tree/image-tree.ts';
import { readEditable } from './installed.ts';
import { importsOf, type Imports, type PodFiles } from './places.ts';

/** From where the pods import what their environment has editable. */
export async function readImports(
  image: RunImage,
  dataFolder: string,
  context: RunContext,
): Promise<Imports> {
  const key = readEnvironmentKey(context.build);
  const editable = key === null ? [] : await readEditable(environmentHome(dataFolder, key));
  if (editable.length === 0) return { folders: [], copied: [] };
  return importsOf(editable, image.layout === null ? plainFiles(context) : imageFiles(image.layout, context));
}

/** A working copy that is the snapshot. */
function plainFiles({ snapshot }: RunContext): PodFiles {
  const paths = snapshot.paths();
  const known = new Set(paths);
  return {
    has: (path) => known.has(path),
    within: (folder) => paths.filter((path) => folder === '' || path.startsWith(`${folder}/`)),
  };
}

/**
 * A working copy laid out as the image. Sources of an image's install lines are called by stage and path of the image
 * (`0/app`); those of a project that no line installs by their path in the repository.
 */
function imageFiles({ tree }: NonNullable<RunImage['layout']>, { plan }: RunContext): PodFiles {
  const context = plan.builder.context === '.' ? '' : `${plan.builder.context}/`;
  return {
    has: (path) => tree.get(tree.follow(path))?.kind === 'file',
    within(folder) {
      const inImage = /^\d+(\/.*)?$/.exec(folder)?.[1] ?? null;
      const isInside = (path: string, original: string) =>
        (inImage !== null && path.startsWith(`${inImage}/`)) ||
        posix.join(context, original).startsWith(folder === '' ? '' : `${folder}/`);
      return [...contextFiles(tree)].flatMap(([path, original]) => (isInside(path, original) ? [path] : []));
    },
  };
}
