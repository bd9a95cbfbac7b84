import { posix } from 'node:path';
import type { Image } from '../../../../dockerfile/image.ts';
import type { Runner } from '../../../../dockerfile/run/request.ts';
import type { ContextEntry } from '../../../../dockerfile/tree/image-tree.ts';
import { dockerfileOf } from '../../../../repository/findings.ts';
import type { RunContext, SnapshotReader } from '../../../engine.ts';

/** A Dockerfile of a snapshot, as it is written. */
export interface FoundDockerfile {
  /** Its path in the snapshot. */
  path: string;
  text: string;
  /** Text of the .dockerignore that counts, or null. */
  ignore: string | null;
}

/** A Dockerfile of a snapshot, and what it makes. */
export interface FoundImage {
  dockerfile: FoundDockerfile;
  image: Image;
}

type Place = Pick<RunContext, 'snapshot' | 'plan'>;

/** Finds the Dockerfile that the plan names; null where there is none. */
export async function findDockerfile({ snapshot, plan }: Place): Promise<FoundDockerfile | null> {
  const { context, dockerfile } = plan.builder;
  const list = snapshot.paths();
  const known = new Set(list);
  const found = dockerfileOf({ context, dockerfile }, { has: (path) => known.has(path), list: () => list });
  if (found === null) return null;
  const text = await readText(found.path);
  if (text === null) return null;
  const ignore =
    (await readText(`${found.path}.dockerignore`)) ?? (await readText(posix.join(context, '.dockerignore')));
  return { path: found.path, text, ignore };

  async function readText(path: string): Promise<string | null> {
    return (await snapshot.read(path))?.toString('utf8') ?? null;
  }
}

/**
 * Reads the Dockerfile that the plan names; null where there is none, or none that can be read.
 *
 * @param runner follows RUN lines; null: those are read that need no shell
 */
export async function readFoundImage(place: Place, runner: Runner | null = null): Promise<FoundImage | null> {
  const dockerfile = await findDockerfile(place);
  if (dockerfile === null) return null;
  const { build_args: buildArgs, target, context } = place.plan.builder;
  const { text, ignore } = dockerfile;
  const { readImage } = await import('../../../../dockerfile/image.ts');
  const image = await readImage({
    text,
    ignore,
    buildArgs,
    target,
    runner,
    context: contextEntries(place.snapshot, context),
  });
  return image === null ? null : { dockerfile, image };
}

/** What the builder's context holds, by paths in it. */
function contextEntries(snapshot: SnapshotReader, context: string): ContextEntry[] {
  const prefix = contextPrefix(context);
  return snapshot
    .entries()
    .filter(({ path }) => path.startsWith(prefix))
    .map((entry) => ({ ...entry, path: entry.path.slice(prefix.length) }));
}

/** What stands before a path of the context in the snapshot. */
export function contextPrefix(context: string): string {
  return context === '.' ? '' : `${context}/`;
}
