import { posix } from 'node:path';
import type { Image } from '../../../dockerfile/image.ts';
import { dockerfileOf } from '../../../repository/findings.ts';
import type { RunContext } from '../../engine.ts';

/** A Dockerfile of a snapshot, and what it makes. */
export interface FoundImage {
  /** Path of the Dockerfile in the snapshot. */
  path: string;
  image: Image;
}

/** Reads the Dockerfile that the plan names; null where there is none, or none that can be read. */
export async function readFoundImage({
  snapshot,
  plan,
}: Pick<RunContext, 'snapshot' | 'plan'>): Promise<FoundImage | null> {
  const { context, dockerfile, build_args: buildArgs, target } = plan.builder;
  const list = snapshot.paths();
  const known = new Set(list);
  const paths = { has: (path: string) => known.has(path), list: () => list };
  const found = dockerfileOf({ context, dockerfile }, paths);
  if (found === null) return null;
  const text = await readText(found.path);
  if (text === null) return null;
  const ignore =
    (await readText(`${found.path}.dockerignore`)) ?? (await readText(posix.join(context, '.dockerignore')));
  const prefix = context === '.' ? '' : `${context}/`;
  const inContext = list.filter((path) => path.startsWith(prefix)).map((path) => path.slice(prefix.length));
  const { readImage } = await import('../../../dockerfile/image.ts');
  const image = readImage({ text, buildArgs, target, context: inContext, ignore });
  return image === null ? null : { path: found.path, image };

  async function readText(path: string): Promise<string | null> {
    return (await snapshot.read(path))?.toString('utf8') ?? null;
  }
}

/** Where files of a snapshot go when the context's are laid out as a tree of an image has them. */
export function placesOf(
  files: ReadonlyMap<string, string>,
  context: string,
): (path: string) => readonly string[] {
  const prefix = context === '.' ? '' : `${context}/`;
  const places = new Map<string, string[]>();
  for (const [path, original] of files) {
    const from = `${prefix}${original}`;
    const known = places.get(from);
    if (known === undefined) places.set(from, [path.slice(1)]);
    else known.push(path.slice(1));
  }
  return (path) => places.get(path) ?? [];
}
