import { expect, test } from 'vitest';
import type { Install } from '../../../src/dockerfile/stage.ts';
import { installStep } from '../../../src/engines/local/build/image/image-work.ts';
import { toPythonProject } from '../../../src/engines/local/build/project/python-project.ts';

const MAKING = { tool: 'venv', program: 'python3', environment: '/env', sources: '/sources' } as const;
const BUILD = '[build-system]\nrequires = ["uv_build"]\nbuild-backend = "uv_build"\n';
const project = (more: string) =>
  toPythonProject({ 'pyproject.toml': `[project]\nname = "mine"\n${more}\n${BUILD}` });

function sync(...names: string[]): Install {
  const options = names.map((name) => ({ name, value: null }));
  return { kind: 'sync', dialect: 'uv', verb: ['sync'], line: 1, folder: '/app', output: null, stage: 0, env: {}, options }; // prettier-ignore
}

test.each([
  ['a package', [], 'version = "1"\ndependencies = ["six"]', ['.']],
  ['its dependencies alone', ['--no-install-project'], 'version = "1"\ndependencies = ["six"]', ['six']],
  ['none of them', ['--no-install-project'], 'version = "1"\ndependencies = []', null],
  ['what only its build knows', ['--no-install-project'], 'dynamic = ["dependencies"]', ['.']],
])('uv sync is done by pip, where there is no uv: %s', (_what, options, declared, installed) => {
  const step = installStep(sync(...options), MAKING, project(declared));
  expect(step?.words.slice(4) ?? null).toEqual(installed);
});
