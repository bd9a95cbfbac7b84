import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { AichorError } from '../../errors.ts';
import { crashPoint } from '../../machine/crash-point.ts';
import { findProgram } from '../../machine/find-program.ts';
import type { BuildContext, BuildResult } from '../engine.ts';
import { runBuildCommand } from './build-command.ts';
import { toBuildResult } from './build-result.ts';
import { environmentKey } from './environment-key.ts';
import { ENVIRONMENT_MARK, type Environments } from './environments.ts';
import { EXPERIMENT_MARK } from './pod-environment.ts';
import type { PythonProject } from './python-project.ts';
import { uvCommands, uvVariables } from './uv.ts';
import { VENV_VARIABLES, venvCommands } from './venv.ts';
import { removeTree } from './workdir.ts';

type Installable = Exclude<PythonProject, { kind: 'none' }>;

interface Place {
  context: BuildContext;
  environments: Environments;
  /** File for the installers' output. */
  log: string;
}

/** How the environment is made: by uv where it is on PATH, else by venv and pip. */
interface Recipe {
  tool: 'uv' | 'venv';
  commands: (environment: string) => string[][];
  variables: (environment: string) => Record<string, string>;
}

/** Finds the environment of these dependencies, or builds it in a private copy of the sources. */
export async function buildPythonEnvironment(
  project: Installable,
  { context, environments, log }: Place,
): Promise<BuildResult> {
  const recipe = await chooseRecipe(project, context.shell['PATH'] ?? '');
  const key = await environmentKey(project, context, recipe.tool);
  const began = performance.now();
  const isNew = await environments.provide(key, {
    waiting: () => context.progress('waits for another experiment that builds the same Python environment'),
    async build(environment) {
      context.progress(`builds the Python environment with ${recipe.tool}`);
      await build(recipe, { context, environment, log });
    },
  });
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  const message = isNew ? `environment built with ${recipe.tool} in ${seconds} s` : 'environment reused';
  const programs = [join(environments.folder(key), 'bin')];
  return toBuildResult(message, { programs, environment: key }, notices(project, recipe));
}

async function build(
  recipe: Recipe,
  { context, environment, log }: { context: BuildContext; environment: string; log: string },
): Promise<void> {
  const sources = join(context.directory, 'build');
  await removeTree(sources);
  await mkdir(context.directory, { recursive: true, mode: 0o700 });
  const { stop, detach } = context;
  await context.snapshot.layOut(sources, AbortSignal.any([stop, detach]));
  const marks = { [EXPERIMENT_MARK]: context.experimentId, [ENVIRONMENT_MARK]: environment };
  const env = { ...marks, ...context.shell, ...context.secrets, ...recipe.variables(environment), ...marks };
  const folder = join(sources, context.plan.builder.context);
  for (const words of recipe.commands(environment)) {
    await runBuildCommand({ words, folder, env, log, stop, detach });
    crashPoint('engine-build-command-ended');
  }
  await removeTree(sources);
}

async function chooseRecipe(project: Installable, path: string): Promise<Recipe> {
  const uv = await findProgram('uv', path);
  if (uv !== null)
    return { tool: 'uv', commands: (folder) => uvCommands(uv, folder, project), variables: uvVariables };
  const python = await findProgram('python3', path);
  if (python === null) {
    throw new AichorError(
      'experiment_failed',
      'the Python environment could not be built: neither uv nor python3 is in PATH',
      {
        hint: 'install uv (https://docs.astral.sh/uv) or Python 3, then resubmit',
      },
    );
  }
  return {
    tool: 'venv',
    commands: (folder) => venvCommands(python, folder, project),
    variables: () => VENV_VARIABLES,
  };
}

function notices(project: Installable, { tool }: Recipe): BuildResult['notices'] {
  if (tool === 'uv') return [];
  const lock = project.kind === 'project' && project.locked ? '; uv.lock was not used' : '';
  return [
    { code: 'uv_absent', message: `uv is not in PATH: the environment was made with venv and pip${lock}` },
  ];
}
