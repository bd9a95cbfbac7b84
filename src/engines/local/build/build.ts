import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { AichorError, isAichorError } from '../../../errors.ts';
import { ExperimentFailure } from '../../../experiment/failure/failure.ts';
import { findProgram } from '../../../machine/find-program.ts';
import { createInterpreters, type FindPython } from '../../../machine/interpreters.ts';
import { reusedExperiment } from '../../../operators/image.ts';
import type { LogSource } from '../../../logs/line.ts';
import type { BuildContext, BuildResult } from '../../engine.ts';
import { isLocalBuild, readEnvironmentKey, toBuildResult } from './build-result.ts';
import type { Host } from '../shared/host.ts';
import { createEnvironments, environmentHome, type Environments } from './environments/environments.ts';
import { createLogPump } from '../pod/log-pump.ts';
import { removeWork } from '../pod/workdir.ts';
import { buildPythonEnvironment } from './environments/python-env.ts';
import { linkInterpreter, useOwnEnvironment } from './environments/own-environment.ts';
import { readFoundImage, type FoundImage } from './image/found-image.ts';
import { imageNotices } from './image/image-notices.ts';
import { readWork, wantedPython } from './read-work.ts';
import { followWork, readFollowed } from './shell/follow.ts';

const BUILD_LOG: LogSource = { step: 'build', pod: null, attempt: 1, stream: null };

/** Loaded when an image is built: most experiments have none. */
const containerBuilds = () => import('../container/image/build-image.ts');

/**
 * The build step: the Python environment that the repository asks for. Throws ExperimentFailure `ImageNotFound` when
 * `skipBuild` names a build that is not there, else AichorError: `experiment_failed` when building failed,
 * `experiment_cancelled` after `stop`, `interrupted` after `detach`.
 */
export function createBuilder(
  host: Pick<Host, 'dataFolder' | 'env' | 'processes' | 'entrance' | 'runLimits'>,
): (context: BuildContext) => Promise<BuildResult> {
  const environments = createEnvironments(host.dataFolder, host.processes);
  const findPython = createInterpreters();
  return async (context) => {
    const { container: program } = context.plan;
    if (program !== undefined) return (await containerBuilds()).buildImage(context, { ...host, program });
    if (context.pythonEnv !== null) {
      const own = await useOwnEnvironment(context.pythonEnv, context);
      return withNotDone(own, context, '--python-env names the environment');
    }
    const skipped = await reuseEarlier(context, environments);
    if (skipped.result !== null)
      return withNotDone(skipped.result, context, 'builder.skipBuild takes an earlier environment');
    const logs = createLogPump(context.logs);
    const told = [...skipped.notices];
    try {
      const log = await logs.open(BUILD_LOG);
      // Of thousands of files that takes its time: once is enough.
      const plain = await readFoundImage(context);
      const followed = await follow(plain, { context, host, environments, findPython, log });
      if (followed?.result != null)
        return { ...followed.result, notices: [...told, ...followed.result.notices] };
      const found = followed?.found ?? plain;
      const { work, python, notices } = await readWork(context, { found, findPython });
      told.push(...notices);
      const built =
        work === null
          ? await withoutEnvironment(context, {
              message: `no dependencies: ${python ?? 'python3 of the PATH'}`,
              interpreter: python,
              notices: [],
            })
          : await buildPythonEnvironment(work, { context, environments, log });
      const data = { ...built.data, image: followed?.key ?? null };
      return { ...built, data, notices: [...told, ...built.notices] };
    } catch (error) {
      // No pod will come for files that were handed on; what is left of them goes with the experiment.
      await removeWork(context.directory).catch(() => undefined);
      throw withReasons(error, told);
    } finally {
      await logs.close([BUILD_LOG]);
      await logs.end();
    }
  };
}

/** A build that took an environment as it is: the Dockerfile counts for its files and variables alone. */
async function withNotDone(result: BuildResult, context: BuildContext, why: string): Promise<BuildResult> {
  const found = await readFoundImage(context);
  return found === null ? result : { ...result, notices: [...result.notices, ...imageNotices(found, why)] };
}

interface Following {
  context: BuildContext;
  host: Pick<Host, 'dataFolder' | 'entrance' | 'runLimits'>;
  environments: Environments;
  findPython: FindPython;
  log: string;
}

/**
 * Has a real shell follow a Dockerfile that needs one; null: it needs none, or there can be none here.
 *
 * @returns `result` null: its lines install nothing
 */
async function follow(
  plain: FoundImage | null,
  { context, host, environments, findPython, log }: Following,
): Promise<{ key: string; found: FoundImage; result: BuildResult | null } | null> {
  if (plain === null || plain.image.unfollowed.length === 0) return null;
  const entrance = await host.entrance();
  const nsenter = await findProgram('nsenter', `${context.shell['PATH'] ?? ''}:/usr/bin:/bin`);
  if (entrance === null || nsenter === null) return null;
  const { python, notice } = await wantedPython(plain, { context, findPython });
  const work = { ...followWork(plain, { context, entrance, nsenter, limits: host.runLimits }), python };
  const built = await buildPythonEnvironment(work, { context, environments, log });
  const key = readEnvironmentKey(built) ?? '';
  const followed = await readFollowed(environmentHome(host.dataFolder, key), context);
  if (followed === null) return null;
  const { found, installs } = followed;
  const notices = [...(notice === null ? [] : [notice]), ...imageNotices(found), ...built.notices];
  const result = { ...built, data: { ...built.data, image: key }, notices };
  return { key, found, result: installs === 0 ? null : result };
}

/** What a build lacked that was not done here, such as system packages, is often why it failed. */
function withReasons(error: unknown, notices: BuildResult['notices']): unknown {
  const missing = notices.find(({ code }) => code === 'dockerfile_not_honoured');
  if (!isAichorError(error) || error.code !== 'experiment_failed' || missing === undefined) return error;
  const { hint } = error;
  return new AichorError(error.code, `${error.message} (${missing.message})`, { hint, cause: error });
}

/** `builder.skipBuild`: the environment of an earlier experiment, as seed and cluster have it. */
async function reuseEarlier(
  context: BuildContext,
  environments: Environments,
): Promise<{ result: BuildResult | null; notices: BuildResult['notices'] }> {
  const { skip_build: skip } = context.plan.builder;
  const earlier = reusedExperiment(context.plan);
  if (skip === null || earlier === null) return { result: null, notices: [] };
  const reuse = context.reuse !== null && isLocalBuild(context.reuse) ? context.reuse : null;
  const key = reuse === null ? null : readEnvironmentKey(reuse);
  const message = `environment of ${earlier} reused`;
  if (reuse !== null && key === null)
    return {
      result: await withoutEnvironment(context, { message, interpreter: null, notices: [] }),
      notices: [],
    };
  if (key !== null && (await environments.isComplete(key))) {
    const programs = [join(environments.folder(key), 'bin')];
    return { result: toBuildResult(message, { programs, environment: key }), notices: [] };
  }
  const missing = `builder.skipBuild: the environment of experiment ${earlier} is not there`;
  if (!skip.fail_if_not_found)
    return { result: null, notices: [{ code: 'skip_build_ignored', message: `${missing}; built anew` }] };
  throw new ExperimentFailure({
    reason: 'ImageNotFound',
    explanation: `${missing}; name another experiment, or set failIfNotFound to false to have it built`,
  });
}

interface Without {
  message: string;
  /** A Python that is wanted rather than the PATH's. */
  interpreter: string | null;
  notices: BuildResult['notices'];
}

/** The PATH's own Python, with links where it does not go by both names, or is not the one that is wanted. */
async function withoutEnvironment(
  context: BuildContext,
  { message, interpreter, notices }: Without,
): Promise<BuildResult> {
  const path = context.shell['PATH'] ?? '';
  const [python, python3] = await Promise.all([findProgram('python', path), findProgram('python3', path)]);
  const there = interpreter ?? python3 ?? python;
  if (there === null) {
    const absent = { code: 'python_absent', message: 'there is no python3 in PATH' };
    return toBuildResult('no dependencies', { programs: [], environment: null }, [...notices, absent]);
  }
  const isWanted = interpreter === null || (await isSameProgram(python3, interpreter));
  if (python !== null && python3 !== null && isWanted)
    return toBuildResult(message, { programs: [], environment: null }, notices);
  const folder = await linkInterpreter(there, context.directory);
  return toBuildResult(message, { programs: [folder], environment: null }, notices);
}

async function isSameProgram(a: string | null, b: string): Promise<boolean> {
  return a !== null && (await realpath(a)) === (await realpath(b));
}
