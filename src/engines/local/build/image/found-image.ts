import type { Image } from '../../../../dockerfile/image.ts';
import type { ImageTree } from '../../../../dockerfile/tree/image-tree.ts';
import type { Runner } from '../../../../dockerfile/run/request.ts';
import { AichorError } from '../../../../errors.ts';
import { DockerfileTooLarge } from '../../../../dockerfile/limits.ts';
import { createTurns } from '../../../../base/async/turns.ts';
import { contextEntries } from './context.ts';
import { createUnpacker } from './archives.ts';
import { locateDockerfile, type FoundDockerfile } from '../../../../repository/read-dockerfile.ts';
import type { RunContext } from '../../../engine.ts';

/** A Dockerfile of a snapshot, and what it makes. */
export interface FoundImage {
  dockerfile: FoundDockerfile;
  image: Image;
}

type Place = Pick<RunContext, 'snapshot' | 'plan' | 'directory'>;

/** Finds the Dockerfile that the plan names; null where there is none. */
export function findDockerfile({
  snapshot,
  plan,
}: Omit<Place, 'directory'>): Promise<FoundDockerfile | null> {
  return locateDockerfile(plan.builder, {
    paths: { has: (path) => snapshot.has(path), list: () => snapshot.paths() },
    read: async (path) => (await snapshot.read(path))?.toString('utf8') ?? null,
  });
}

/**
 * Reads the Dockerfile that the plan names; null where there is none.
 *
 * @param runner follows RUN lines; null: those are read that need no shell
 */
export async function readFoundImage(place: Place, runner: Runner | null = null): Promise<FoundImage | null> {
  const dockerfile = await findDockerfile(place);
  if (dockerfile === null) return null;
  const { build_args: buildArgs, target, context } = place.plan.builder;
  const { text, ignore } = dockerfile;
  const { readImage } = await import('../../../../dockerfile/image.ts');
  const turns = createTurns();
  const turn = () => (turns.isDue() ? turns.take() : DONE);
  try {
    const image = await readImage({
      text,
      ignore,
      buildArgs,
      target,
      runner,
      unpack: createUnpacker({ snapshot: place.snapshot, context, directory: place.directory }),
      context: await contextOf(place.snapshot, { context, ignore, turn }),
      turn,
    });
    return { dockerfile, image };
  } catch (error) {
    if (!(error instanceof DockerfileTooLarge)) throw error;
    throw new AichorError('too_large', `${dockerfile.path} ${error.message}`, {
      hint: 'move its work into a script that it copies and runs, or build the image elsewhere and name it with an engine on a cluster',
      cause: error,
    });
  }
}

const DONE = Promise.resolve();

interface ContextRead {
  context: string;
  ignore: string | null;
  turn: () => Promise<void>;
}

/** What was read last of a snapshot: a build reads its Dockerfile more than once. Held by nobody for long. */
const known = new WeakMap<object, { context: string; ignore: string | null; tree: WeakRef<ImageTree> }>();

async function contextOf(
  snapshot: Place['snapshot'],
  { context, ignore, turn }: ContextRead,
): Promise<ImageTree> {
  const last = known.get(snapshot);
  const there = last?.context === context && last.ignore === ignore ? last.tree.deref() : undefined;
  if (there !== undefined) return there;
  const { readContext } = await import('../../../../dockerfile/image.ts');
  const tree = await readContext(contextEntries(snapshot, context), { ignore, turn });
  known.set(snapshot, { context, ignore, tree: new WeakRef(tree) });
  return tree;
}
