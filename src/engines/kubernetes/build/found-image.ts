import { appendFile, stat } from 'node:fs/promises';
import { ExperimentFailure } from '../../../experiment/failure/failure.ts';
import type { Notice } from '../../../experiment/record.ts';
import type { LogSource } from '../../../logs/line.ts';
import { givenImage, reusedExperiment } from '../../../operators/image.ts';
import type { BuildContext, BuildResult } from '../../engine.ts';
import { builtImage, imageByDigest, toBuildResult } from './image.ts';

/** What is said about a build beside what it prints. */
const SAID: LogSource = { step: 'build', pod: null, attempt: 1, stream: 'stderr' };

/**
 * The image that is there already: given by its full reference, or built by an earlier experiment. Without one it has
 * to be built, and `notices` say why it is although `skipBuild` was asked for.
 *
 * @throws ExperimentFailure `ImageNotFound` when `failIfNotFound` is set
 */
export async function findImage(
  context: BuildContext,
): Promise<{ result: BuildResult } | { result: null; notices: Notice[] }> {
  const { plan, reuse } = context;
  const given = givenImage(plan);
  if (given !== null)
    return { result: toBuildResult('a finished image, used as it is', { image: given, digest: null }) };
  const earlier = reusedExperiment(plan);
  if (earlier === null) return { result: null, notices: [] };
  const built = reuse === null ? null : builtImage(reuse);
  if (built !== null) {
    const message = `image of ${earlier} reused`;
    await say(context, `${message}: ${imageByDigest(built)}`);
    return { result: toBuildResult(message, built) };
  }
  const missing = `builder.skipBuild: no image of experiment ${earlier} is known here`;
  if (plan.builder.skip_build?.fail_if_not_found === true)
    throw new ExperimentFailure({
      reason: 'ImageNotFound',
      explanation: `${missing}; name an experiment that was built on a cluster, or set failIfNotFound to false to have it built`,
    });
  await say(context, `image of ${earlier} not found, building`);
  return { result: null, notices: [{ code: 'skip_build_ignored', message: `${missing}; built anew` }] };
}

/** In the log of the build, once, whatever dies when. */
async function say({ logs }: BuildContext, message: string): Promise<void> {
  const file = await logs.file(SAID);
  if ((await stat(file)).size === 0) await appendFile(file, `${message}\n`);
  await logs.appended([SAID]);
  await logs.closed(SAID);
}
