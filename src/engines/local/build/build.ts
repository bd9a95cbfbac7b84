import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { AichorError, isAichorError } from '../../../errors.ts';
import { findProgram } from '../../../machine/find-program.ts';
import { createInterpreters } from '../../../machine/interpreters.ts';
import { reusedExperiment } from '../../../operators/image.ts';
import type { LogSource } from '../../../logs/line.ts';
import type { BuildContext, BuildResult } from '../../engine.ts';
import { isLocalBuild, readEnvironmentKey, toBuildResult } from './build-result.ts';
import type { Host } from '../shared/host.ts';
import { createEnvironments, type Environments } from './environments/environments.ts';
import { createLogPump } from '../pod/log-pump.ts';
import { buildPythonEnvironment } from './environments/python-env.ts';
import { linkInterpreter, useOwnEnvironment } from './environments/own-environment.ts';
import { readWork } from './read-work.ts';

const BUILD_LOG: LogSource = { step: 'build', pod: null, attempt: 1, stream: null };

/**
 * The build step: the Python environment that the repository asks for. Errors are AichorErrors: `not_found` when
 * `skipBuild` names a build that is not there, `experiment_failed` when building failed, `experiment_cancelled`
 * after `stop`, `interrupted` after `detach`.
 */
export function createBuilder(
  host: Pick<Host, 'dataFolder' | 'processes'>,
): (context: BuildContext) => Promise<BuildResult> {
  const environments = createEnvironments(host.dataFolder, host.processes);
  const findPython = createInterpreters();
  return async (context) => {
    if (context.pythonEnv !== null) return useOwnEnvironment(context.pythonEnv, context);
    const skipped = await reuseEarlier(context, environments);
    if (skipped.result !== null) return skipped.result;
    const { work, python, notices } = await readWork(context, findPython);
    const told = [...skipped.notices, ...notices];
    if (work === null)
      return withoutEnvironment(context, {
        message: `no dependencies: ${python ?? 'python3 of the PATH'}`,
        interpreter: python,
        notices: told,
      });
    const logs = createLogPump(context.logs);
    try {
      const log = await logs.open(BUILD_LOG);
      const built = await buildPythonEnvironment(work, { context, environments, log });
      return { ...built, notices: [...told, ...built.notices] };
    } catch (error) {
      throw withReasons(error, told);
    } finally {
      await logs.close([BUILD_LOG]);
      await logs.end();
    }
  };
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
  throw new AichorError('not_found', missing, { hint: 'name another experiment, or leave skipBuild out' });
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
