import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isThere, readText } from '../../../../base/io/files.ts';
import { formatDuration } from '../../../../base/text/duration.ts';
import { AichorError } from '../../../../errors.ts';
import { BuildFailure, ExperimentFailure } from '../../../../experiment/failure/failure.ts';
import type { ContainerProgram } from '../../../../experiment/plan/plan.ts';
import type { LogSource } from '../../../../logs/line.ts';
import { givenImage, reusedExperiment } from '../../../../operators/image.ts';
import type { BuildContext, BuildResult } from '../../../engine.ts';
import { runToEnd, type CommandEnd } from '../../build/build-command.ts';
import { failureReason } from '../../build/failure-reason.ts';
import { createLogPump } from '../../pod/log-pump.ts';
import { removeTree } from '../../pod/workdir.ts';
import type { Host } from '../../shared/host.ts';
import { BUILD_MARK, endBuild, endLeftBuilds } from './end-build.ts';
import { imageOf } from './build-result.ts';
import { findClient, type ContainerClient } from '../client.ts';
import { builtImage, IMAGE_LABEL, stateLabel } from '../words.ts';

const BUILD_LOG: LogSource = { step: 'build', pod: null, attempt: 1, stream: null };

interface Building {
  context: BuildContext;
  client: ContainerClient;
  dataFolder: string;
  /** File of the build's log. */
  log: string;
}

/**
 * The image that pods run: the one that is given, that of an earlier experiment, or one built from the Dockerfile. What
 * earlier builds made is used again as far as the program itself sees that it can be.
 *
 * @throws ExperimentFailure `ImageNotFound`; AichorError `experiment_failed` with the program's own reason,
 *   `experiment_cancelled` after `stop`, `interrupted` after `detach`
 */
export async function buildImage(
  context: BuildContext,
  {
    env,
    dataFolder,
    processes,
    program,
  }: Pick<Host, 'env' | 'dataFolder' | 'processes'> & { program: ContainerProgram },
): Promise<BuildResult> {
  const client = await findClient(program, env);
  await endLeftBuilds(processes, context.experimentId);
  const given = givenImage(context.plan);
  const skipped = given === null ? await earlierImage(context, client) : { result: null, notices: [] };
  if (skipped.result !== null) return skipped.result;
  const logs = createLogPump(context.logs);
  try {
    const by = { context, client, dataFolder, log: await logs.open(BUILD_LOG) };
    const result = given === null ? await build(by) : await pull(given, by);
    return { ...result, notices: [...skipped.notices, ...result.notices] };
  } finally {
    await logs.close([BUILD_LOG]);
    await logs.end();
  }
}

async function build(by: Building): Promise<BuildResult> {
  const { context, client } = by;
  const { directory, plan, snapshot, experimentId } = context;
  const { builder } = plan;
  const began = performance.now();
  const tree = join(directory, 'build-context');
  const idFile = join(directory, 'image-id');
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await removeTree(tree);
    await rm(idFile, { force: true });
    await snapshot.layOut(tree, { signal: AbortSignal.any([context.stop, context.detach]) });
    const folder = join(tree, builder.context);
    const file = join(folder, builder.dockerfile);
    if (!(await isThere(file)))
      throw new AichorError('experiment_failed', `there is no ${builder.dockerfile} to build the image from`);
    const words = [
      'build',
      `--file=${file}`,
      `--tag=${builtImage(experimentId)}`,
      `--iidfile=${idFile}`,
      `--label=${IMAGE_LABEL}=${stateLabel(by.dataFolder)}`,
      // OCI's own format has no SHELL, ONBUILD and HEALTHCHECK.
      ...(client.kind === 'podman' ? ['--format=docker'] : []),
      ...(builder.target === null ? [] : [`--target=${builder.target}`]),
      ...Object.entries(builder.build_args).map(([name, value]) => `--build-arg=${name}=${value}`),
      ...(context.rebuild ? ['--no-cache'] : []),
      folder,
    ];
    await command('image could not be built', words, by);
    const id = (await readText(idFile)).trim().replace(/^sha256:/, '');
    const message = `image built in ${formatDuration((performance.now() - began) / 1000)}`;
    return resultOf(message, id, `sha256:${id}`);
  } finally {
    await removeTree(tree);
  }
}

async function pull(reference: string, by: Building): Promise<BuildResult> {
  const { client, context } = by;
  const known = context.rebuild ? null : await idOf(reference, client);
  if (known === null) await command('image could not be pulled', ['pull', reference], by);
  const id = known ?? (await idOf(reference, client));
  if (id === null) throw new AichorError('experiment_failed', `${client.kind} has no image ${reference}`);
  const message = known === null ? `${reference} pulled` : `${reference} is here`;
  return resultOf(message, id, await byDigest(reference, client));
}

/** As its registry knows it, for the record; what no registry has is named as it was asked for. */
async function byDigest(reference: string, client: ContainerClient): Promise<string> {
  const format = '{{range .RepoDigests}}{{println .}}{{end}}';
  const { stdout } = await client.call(['image', 'inspect', `--format=${format}`, reference]);
  const digest = stdout.split('\n').find((line) => line.includes('@') && !line.startsWith('localhost/'));
  return digest ?? reference;
}

/** `builder.skipBuild`: the image of an earlier experiment. */
async function earlierImage(
  { plan, reuse }: BuildContext,
  client: ContainerClient,
): Promise<{ result: BuildResult | null; notices: BuildResult['notices'] }> {
  const { skip_build: skip } = plan.builder;
  const earlier = reusedExperiment(plan);
  if (skip === null || earlier === null) return { result: null, notices: [] };
  const image = reuse === null ? null : imageOf(reuse);
  if (image !== null && (await idOf(image, client)) !== null)
    return { result: resultOf(`image of ${earlier} reused`, image, reuse?.image ?? image), notices: [] };
  const missing = `builder.skipBuild: the image of experiment ${earlier} is not there`;
  if (!skip.fail_if_not_found)
    return { result: null, notices: [{ code: 'skip_build_ignored', message: `${missing}; built anew` }] };
  throw new ExperimentFailure({
    reason: 'ImageNotFound',
    explanation: `${missing}; name another experiment, or set failIfNotFound to false to have it built`,
  });
}

function resultOf(message: string, id: string, image: string): BuildResult {
  return { message, image, data: { container_image: id }, notices: [] };
}

async function idOf(image: string, client: ContainerClient): Promise<string | null> {
  const { ok, stdout } = await client.call(['image', 'inspect', '--format={{.Id}}', image]);
  return ok ? stdout.trim().replace(/^sha256:/, '') : null;
}

async function command(failed: string, words: readonly string[], by: Building): Promise<void> {
  const { context, client, log } = by;
  const { stop, detach, directory } = context;
  const ended = await runToEnd({
    words: [client.program, ...words],
    folder: directory,
    env: { ...client.env, [BUILD_MARK]: context.experimentId },
    log,
    output: null,
    hidden: [],
    end: (pid) => void endBuild(pid),
    stop,
    detach,
  });
  if (ended.code !== 0) throw failure(failed, client, ended);
}

function failure(failed: string, { kind }: ContainerClient, { code, output }: CommandEnd): AichorError {
  const said =
    failureReason(output) ?? `${kind} ${code === null ? 'was killed' : `ended with exit code ${code}`}`;
  return new BuildFailure(`the ${failed}: ${said}`);
}
