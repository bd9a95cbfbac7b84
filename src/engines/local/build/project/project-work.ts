import { posix } from 'node:path';
import type { BuildContext } from '../../../engine.ts';
import { withoutEditable } from '../editable/requirements.ts';
import type { BuildStep, EnvironmentWork, EnvironmentMaking } from '../environments/environment-work.ts';
import type { PythonProject } from './python-project.ts';
import { uvCommands } from './uv.ts';
import { venvCommands } from './venv.ts';

/** What the repository's own files say: pyproject.toml with its lock, or requirements.txt, in the context. */
export function projectWork(
  project: Exclude<PythonProject, { kind: 'none' }>,
  { snapshot, plan }: Pick<BuildContext, 'snapshot' | 'plan'>,
): EnvironmentWork {
  const { context, build_args: env } = plan.builder;
  const steps = (making: EnvironmentMaking): BuildStep[] =>
    commands(project, making).map((words) => ({
      words,
      folder: posix.join(making.sources, context),
      output: null,
      env: {},
    }));
  return {
    facts: {
      files: Object.entries(project.files).toSorted(([a], [b]) => (a < b ? -1 : 1)),
      context: project.usesSources ? context : null,
      args: Object.entries(env).toSorted(([a], [b]) => (a < b ? -1 : 1)),
    },
    python: null,
    env,
    hidden: [],
    locked: project.kind === 'project' && project.locked,
    async layOut(sources, signal) {
      await snapshot.layOut(sources, { signal });
      const folder = posix.join(sources, context);
      return project.kind === 'project'
        ? [folder]
        : withoutEditable(posix.join(folder, 'requirements.txt'), folder);
    },
    steps,
    usesSources: project.usesSources,
    original: (path) => path,
    scripts: '',
    notices: [],
  };
}

function commands(
  project: Exclude<PythonProject, { kind: 'none' }>,
  { tool, program, environment }: EnvironmentMaking,
): string[][] {
  return tool === 'uv'
    ? uvCommands(program, environment, project)
    : venvCommands(program, environment, project);
}
