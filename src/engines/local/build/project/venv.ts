import type { PythonProject } from './python-project.ts';

/** Commands by which Python's own tools make the environment, where there is no uv. */
export function venvCommands(
  python: string,
  environment: string,
  project: Exclude<PythonProject, { kind: 'none' }>,
): string[][] {
  const install = [`${environment}/bin/python`, '-m', 'pip', 'install'];
  return [
    [python, '-m', 'venv', environment],
    [...install, ...whatToInstall(project)],
  ];
}

/** Arguments of `pip install` that stand for a project's own files. */
export function whatToInstall(project: Exclude<PythonProject, { kind: 'none' }>): string[] {
  if (project.kind === 'requirements') return ['-r', 'requirements.txt'];
  return project.isPackage || project.dependencies.length === 0 ? ['.'] : project.dependencies;
}

export const VENV_VARIABLES: Record<string, string> = {
  PIP_DISABLE_PIP_VERSION_CHECK: '1',
  PIP_NO_INPUT: '1',
  PIP_PROGRESS_BAR: 'off',
  NO_COLOR: '1',
};
