import type { PythonProject } from './python-project.ts';

/** Commands by which uv makes the environment, run one after the other in the project's folder. */
export function uvCommands(
  uv: string,
  environment: string,
  project: Exclude<PythonProject, { kind: 'none' }>,
): string[][] {
  if (project.kind === 'requirements') {
    return [
      [uv, 'venv', '--no-project', environment],
      [uv, 'pip', 'install', '--python', `${environment}/bin/python`, '-r', 'requirements.txt'],
    ];
  }
  const locked = project.locked ? ['--locked'] : [];
  // What is installed must not point into the folder it was built in: that is gone afterwards.
  const copied = project.isPackage ? ['--no-editable'] : [];
  return [[uv, 'sync', ...locked, '--no-dev', ...copied]];
}

/**
 * Settings of uv for a build whose output is read in a log. A certain interpreter is given by its path: looking for
 * one takes ten times as long, and stumbles over version managers.
 */
export function uvVariables(environment: string, python: string | null): Record<string, string> {
  const certain = python === null ? {} : { UV_PYTHON: python };
  return { UV_PROJECT_ENVIRONMENT: environment, UV_NO_PROGRESS: '1', NO_COLOR: '1', ...certain };
}
