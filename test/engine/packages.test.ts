import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ExperimentFact } from '../../src/experiment/event.ts';
import { planPeak } from '../../src/experiment/plan/totals.ts';
import { findContainment } from '../../src/engines/local/mounts/containment.ts';
import { findEntrance } from '../../src/engines/local/mounts/enter.ts';
import { createHouse, jobset, type House, type Submission } from './house.ts';
import { projectFiles, realPython, smallUvShell } from './small-uv.ts';

const run = promisify(execFile);

const entrance = await findEntrance(process.env, userInfo());
const containment = await findContainment(entrance, process.env);

let house: House;
let shell: Record<string, string>;
let python: string;
beforeAll(async () => {
  house = await createHouse();
  shell = await smallUvShell(house.folder);
  python = await realPython();
});
afterAll(() => house.leave());

/** A package of one module that says its version. */
function distribution(folder: string, name: string, version: string): Record<string, string> {
  const files = projectFiles(name, version, `[("${name}.py", "VERSION = '${version}'\\n")]`);
  return Object.fromEntries(Object.entries(files).map(([path, text]) => [`${folder}/${path}`, text]));
}

const FILES = {
  ...distribution('newer', 'thing', '2.0'),
  ...distribution('other', 'other', '1.0'),
};
const BUILT = { ...FILES, ...distribution('thing', 'thing', '1.0'), 'requirements.txt': './thing\n' };
const QUIET = { PIP_DISABLE_PIP_VERSION_CHECK: '1', PIP_ROOT_USER_ACTION: 'ignore', PIP_QUIET: '1' };

async function runBuilt(
  command: string,
  files: Record<string, string>,
  more: Partial<Submission> = {},
  engine = house.engine,
) {
  const experiment = await house.submit({ ...jobset(command), files, shell, env: QUIET, ...more });
  const build = await experiment.build();
  const facts: ExperimentFact[] = [];
  const context = await experiment.context();
  for await (const fact of engine.run({ ...context, build, admitted: planPeak(experiment.plan) })) {
    if (fact.type === 'failure')
      throw new Error(`${fact.explanation} ${await experiment.printed('worker-0-0', 'stderr')}`);
    facts.push(fact);
  }
  const codes = facts.flatMap((fact) => (fact.type === 'notice' ? [fact.code] : []));
  return { build, codes, printed: await experiment.printed('worker-0-0') };
}

/** What an interpreter has: the version of `thing`, and whether it has `other`. */
async function has(interpreter: string): Promise<string> {
  const look = 'import importlib.util as u; print(*(u.find_spec(n) is not None for n in ("thing", "other")))';
  return (await run(interpreter, ['-c', look])).stdout.trim();
}

describe('packages that the command installs', () => {
  test(
    'are there for the pod, and not for those who share its environment',
    { timeout: 120_000 },
    async () => {
      const files = {
        ...BUILT,
        'scripts/run.sh': 'pip install --upgrade ./newer\nsh scripts/more.sh\n',
        'scripts/more.sh':
          'python more.py\npython -c "import thing, other; print(thing.VERSION, other.VERSION)"\n',
        'more.py': 'import subprocess, sys\nsubprocess.check_call([sys.executable, "-m", "pip", "install", "./other"])\n', // prettier-ignore
      };
      const { build, printed, codes } = await runBuilt('bash scripts/run.sh', files);
      expect(printed).toBe('2.0 1.0');
      expect(codes).toEqual(['packages_private']);
      const [programs] = Array.isArray(build.data['programs']) ? build.data['programs'] : [];
      expect(await has(join(String(programs), 'python'))).toBe('True False');
      // The next experiment of a sweep has what it would have had.
      const next = await runBuilt('python -c "import thing; print(thing.VERSION)"', BUILT);
      expect(next).toMatchObject({ printed: '1.0', codes: [] });
    },
  );

  test('do not end up in the machine’s own Python', { timeout: 120_000 }, async () => {
    const says = 'python -c "import other; print(other.VERSION)"';
    const { printed } = await runBuilt(`python -m pip install ./other && ${says}`, FILES);
    expect(printed).toBe('1.0');
    expect(await has(python)).toBe('False False');
  });

  test('nor in an environment that was given', { timeout: 120_000 }, async () => {
    const own = join(house.folder, 'own');
    await run(python, ['-m', 'venv', '--without-pip', own]);
    const { stdout } = await run(join(own, 'bin', 'python'), [
      '-c',
      'import site; print(site.getsitepackages()[0])',
    ]);
    await writeFile(join(stdout.trim(), 'thing.py'), 'VERSION = "given"\n');
    const says = 'python -c "import thing, other; print(thing.VERSION, other.VERSION)"';
    const { printed } = await runBuilt(`pip install ./other && ${says}`, FILES, { pythonEnv: own });
    expect(printed).toBe('given 1.0');
    expect(await has(join(own, 'bin', 'python'))).toBe('True False');
  });
});

describe('a login shell, which makes its PATH anew', () => {
  const says = 'python -c "import thing; print(thing.VERSION)"';
  const files = { ...BUILT, 'run.sh': `#!/bin/bash -l\n${says}\n` };
  beforeAll(async () => {
    const machines = `PATH=${dirname(python)}:/usr/bin:/bin\nexport PATH FROM_PROFILE=yes\n`;
    for (const name of ['.bash_profile', '.profile']) await writeFile(join(house.folder, name), machines);
  });

  test.runIf(containment).each([
    ['bash', `bash -lc '${says}; echo $FROM_PROFILE'`, '1.0\nyes'],
    ['sh', `sh -lc '${says}; echo $FROM_PROFILE'`, '1.0\nyes'],
    ['one in another', `bash -lc 'bash --login -c "sh -l run.sh"'`, '1.0'],
    ['a script’s first line', 'chmod +x run.sh && ./run.sh', '1.0'],
    ['an empty environment', `env -i HOME=$HOME bash -lc '${says}'`, '1.0'],
  ])('has the packages: %s', { timeout: 120_000 }, async (_, command, expected) => {
    expect(await runBuilt(command, files)).toMatchObject({ printed: expected, codes: [] });
  });

  test.runIf(containment)('has those that a pod installed', { timeout: 120_000 }, async () => {
    const { printed } = await runBuilt(`pip install --upgrade ./newer && bash -lc '${says}'`, files);
    expect(printed).toBe('2.0');
  });

  test('is told of where nothing can be mounted', { timeout: 120_000 }, async () => {
    const engine = house.restarted({ entrance: async () => null, contained: false });
    const { codes } = await runBuilt("bash -lc 'echo there'", files, {}, engine);
    expect(codes).toEqual(['login_shell_path']);
    const without = await runBuilt(says, files, {}, engine);
    expect(without).toMatchObject({ printed: '1.0', codes: [] });
  });
});
