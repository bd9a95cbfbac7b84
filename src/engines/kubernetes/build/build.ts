import { join } from 'node:path';
import { readIfThere } from '../../../base/io/files.ts';
import { place } from '../../../base/io/place.ts';
import { ExperimentFailure } from '../../../experiment/failure/failure.ts';
import { dockerfileOf } from '../../../repository/findings.ts';
import type { BuildContext, BuildResult } from '../../engine.ts';
import type { ClusterDeps } from '../deps.ts';
import { findImage } from './found-image.ts';
import { requireRegistry } from './image.ts';
import { endBuild, runBuild } from './run-build.ts';

/**
 * The build step: the image that pods will run. One that is given or was built before is used as it is, else a Job
 * in the cluster builds and pushes it. A build that was begun is gone on with, one that is finished is found.
 *
 * @throws ExperimentFailure `BuildFailed`, `ImageNotFound`, `RemovedOutside`; AichorError `engine_unavailable` without a
 * registry, `experiment_cancelled` after `stop`, `interrupted` after `detach`
 */
export async function buildImage(deps: ClusterDeps, context: BuildContext): Promise<BuildResult> {
  const found = await findImage(context);
  if (found.result !== null) return found.result;
  const kept = join(context.directory, 'build.json');
  const built = await readResult(kept);
  if (built !== null) {
    await endBuild(deps, context);
    return built;
  }
  requireRegistry(context.plan, deps);
  const ran = await runBuild(deps, { context, dockerfile: dockerfileIn(context) });
  const result = { ...ran, notices: [...found.notices, ...ran.notices] };
  await place(kept, JSON.stringify(result));
  await endBuild(deps, context);
  return result;
}

/** Path of the Dockerfile in the repository. Throws ExperimentFailure when there is none. */
function dockerfileIn({ plan: { builder }, snapshot }: BuildContext): string {
  const list = snapshot.paths();
  const known = new Set(list);
  const found = dockerfileOf(builder, { has: (path) => known.has(path), list: () => list });
  if (found !== null) return found.path;
  throw new ExperimentFailure({
    reason: 'BuildFailed',
    explanation: `there is no ${builder.dockerfile} in ${builder.context === '.' ? 'the repository' : builder.context}, and a cluster needs an image: add one (aichor manifest init writes one), correct builder.dockerfile, or name a finished image: builder.image with its tag, and builder.skipBuild.enabled: true`,
  });
}

/** The result of a build that had finished when the server went. */
async function readResult(path: string): Promise<BuildResult | null> {
  const text = await readIfThere(path);
  if (text === null) return null;
  const result: BuildResult = JSON.parse(text);
  return result;
}
