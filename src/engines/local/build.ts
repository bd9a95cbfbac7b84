import { mkdir, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { AichorError } from '../../errors.ts';
import { findProgram } from '../../machine/find-program.ts';
import type { LogSource } from '../../logs/line.ts';
import type { BuildContext, BuildResult } from '../engine.ts';
import { readEnvironmentKey, toBuildResult } from './build-result.ts';
import type { EngineDeps } from './deps.ts';
import { createEnvironments, type Environments } from './environments.ts';
import { createLogPump } from './log-pump.ts';
import { buildPythonEnvironment } from './python-env.ts';
import { InvalidPyproject, readPythonProject, type PythonProject } from './python-project.ts';

const BUILD_LOG: LogSource = { step: 'build', pod: null, attempt: 1, stream: null };

/**
 * The build step: the Python environment that the repository asks for. Errors are AichorErrors: `not_found` when
 * `skipBuild` names a build that is not there, `experiment_failed` when building failed, `experiment_cancelled`
 * after `stop`, `interrupted` after `detach`.
 */
export function createBuilder(deps: EngineDeps): (context: BuildContext) => Promise<BuildResult> {
  const environments = createEnvironments(deps.dataFolder, deps.processes);
  return async (context) => {
    const skipped = await reuseEarlier(context, environments);
    if (skipped.result !== null) return skipped.result;
    const project = await readProject(context);
    if (project.kind === 'none')
      return withoutEnvironment(context, 'no dependencies: python3 of the PATH', skipped.notices);
    const logs = createLogPump(context.logs);
    try {
      const log = await logs.open(BUILD_LOG);
      const built = await buildPythonEnvironment(project, { context, environments, log });
      return { ...built, notices: [...skipped.notices, ...built.notices] };
    } finally {
      await logs.close([BUILD_LOG]);
      await logs.end();
    }
  };
}

async function readProject({ snapshot, plan }: BuildContext): Promise<PythonProject> {
  try {
    return await readPythonProject(snapshot, plan.builder.context);
  } catch (error) {
    if (!(error instanceof InvalidPyproject)) throw error;
    throw new AichorError(
      'experiment_failed',
      `the Python environment could not be built: ${error.message}`,
      { cause: error },
    );
  }
}

/** `builder.skipBuild`: the environment of an earlier experiment, as seed and cluster have it. */
async function reuseEarlier(
  context: BuildContext,
  environments: Environments,
): Promise<{ result: BuildResult | null; notices: BuildResult['notices'] }> {
  const { skip_build: skip } = context.plan.builder;
  if (skip === null) return { result: null, notices: [] };
  const key = context.reuse === null ? null : readEnvironmentKey(context.reuse);
  const message = `environment of ${skip.experiment_id} reused`;
  if (context.reuse !== null && key === null)
    return { result: await withoutEnvironment(context, message, []), notices: [] };
  if (key !== null && (await environments.isComplete(key))) {
    const programs = [join(environments.folder(key), 'bin')];
    return { result: toBuildResult(message, { programs, environment: key }), notices: [] };
  }
  const missing = `builder.skipBuild: the environment of experiment ${skip.experiment_id} is not there`;
  if (!skip.fail_if_not_found)
    return { result: null, notices: [{ code: 'skip_build_ignored', message: `${missing}; built anew` }] };
  throw new AichorError('not_found', missing, { hint: 'name another experiment, or leave skipBuild out' });
}

/** The PATH's own Python, with links where it does not go by both names. */
async function withoutEnvironment(
  context: BuildContext,
  message: string,
  notices: BuildResult['notices'],
): Promise<BuildResult> {
  const path = context.shell['PATH'] ?? '';
  const [python, python3] = await Promise.all([findProgram('python', path), findProgram('python3', path)]);
  const there = python3 ?? python;
  if (there === null) {
    const absent = { code: 'python_absent', message: 'there is no python3 in PATH' };
    return toBuildResult('no dependencies', { programs: [], environment: null }, [...notices, absent]);
  }
  if (python !== null && python3 !== null)
    return toBuildResult(message, { programs: [], environment: null }, notices);
  const folder = join(context.directory, 'bin');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const link = join(folder, python === null ? 'python' : 'python3');
  await rm(link, { force: true });
  await symlink(there, link);
  return toBuildResult(message, { programs: [folder], environment: null }, notices);
}
