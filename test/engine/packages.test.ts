import { execFile } from 'node:child_process';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { planPeak } from '../../src/experiment/totals.ts';
import type { ExperimentFact } from '../../src/experiment/event.ts';
import { findProgram } from '../../src/machine/find-program.ts';
import { createHouse, jobset, type House, type Submission, type Submitted } from './house.ts';

const run = promisify(execFile);
const realUv = await findProgram('uv', process.env['PATH'] ?? '');

let house: House;
/** A PATH without uv: `venv` and `pip` make the environments. */
let plainPath: string;
beforeAll(async () => {
  house = await createHouse();
  plainPath = await mkdtemp(join(tmpdir(), 'aichor-path-'));
  const { stdout } = await run('python3', ['-c', 'import os, sys; print(os.path.realpath(sys.executable))']);
  await symlink(stdout.trim(), join(plainPath, 'python3'));
});
afterAll(async () => {
  await house.leave();
  await rm(plainPath, { recursive: true });
});

/** A package that needs no network: its backend is its own. */
function distribution(folder: string, name: string, version: string): Record<string, string> {
  return {
    [`${folder}/pyproject.toml`]: `[project]\nname = "${name}"\nversion = "${version}"\n[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n`,
    [`${folder}/backend.py`]: [
      'import os, zipfile',
      'def build_wheel(folder, config_settings=None, metadata_directory=None):',
      `    info = "${name}-${version}.dist-info/"`,
      `    wheel = "${name}-${version}-py3-none-any.whl"`,
      '    with zipfile.ZipFile(os.path.join(folder, wheel), "w") as z:',
      `        z.writestr("${name}.py", "VERSION = '${version}'\\n")`,
      `        z.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: ${name}\\nVersion: ${version}\\n")`,
      '        z.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nGenerator: x\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")',
      `        z.writestr(info + "entry_points.txt", "[console_scripts]\\n${name}-says = ${name}:print\\n")`,
      `        z.writestr(info + "RECORD", "\\n".join(n + ",," for n in z.namelist() + [info + "RECORD"]))`,
      '    return wheel',
      '',
    ].join('\n'),
  };
}

const FILES = {
  'requirements.txt': './thing\n',
  ...distribution('thing', 'thing', '1.0'),
  ...distribution('newer', 'thing', '2.0'),
  ...distribution('other', 'other', '1.0'),
};
const shell = () => ({ PATH: `${plainPath}:/usr/bin:/bin`, HOME: house.folder });
const repository = (command: string, more: Partial<Submission> = {}): Submission => ({
  ...jobset(command),
  files: FILES,
  shell: shell(),
  ...more,
});

async function runBuilt(experiment: Submitted) {
  const build = await experiment.build();
  const facts: ExperimentFact[] = [];
  const context = await experiment.context();
  for await (const fact of house.engine.run({ ...context, build, admitted: planPeak(experiment.plan) })) {
    if (fact.type === 'failure')
      throw new Error(`${fact.explanation} ${await experiment.printed('worker-0-0', 'stderr')}`);
    facts.push(fact);
  }
  const codes = facts.flatMap((fact) => (fact.type === 'notice' ? [fact.code] : []));
  const printed = (await experiment.printed('worker-0-0')).split('\n').at(-1);
  return { build, codes, printed };
}

const NO_NOISE = { PIP_DISABLE_PIP_VERSION_CHECK: '1', PIP_ROOT_USER_ACTION: 'ignore', PIP_QUIET: '1' };

describe('packages that the command installs', () => {
  test(
    'are there for the pod, and not for those who share its environment',
    { timeout: 120_000 },
    async () => {
      const says = 'python -c "import thing, other; print(thing.VERSION, other.VERSION)"';
      const command = `pip install ./other && pip install --upgrade ./newer && ${says}`;
      const { build, printed, codes } = await runBuilt(
        await house.submit(repository(command, { env: NO_NOISE })),
      );
      expect(printed).toBe('2.0 1.0');
      expect(codes).toContain('packages_private');
      const [programs] = Array.isArray(build.data['programs']) ? build.data['programs'] : [];
      const look = 'import importlib.util as u, thing; print(thing.VERSION, u.find_spec("other"))';
      const shared = await run(join(String(programs), 'python'), ['-c', look]);
      expect(shared.stdout.trim()).toBe('1.0 None');
      // A sweep's next experiment has what it would have had.
      const next = await runBuilt(
        await house.submit(repository('python -c "import thing; print(thing.VERSION)"')),
      );
      expect(next).toMatchObject({ printed: '1.0', codes: [], build: { message: 'environment reused' } });
    },
  );

  test(
    'by a script that the command names, by Python itself; programs run on what was installed',
    { timeout: 120_000 },
    async () => {
      const files = {
        ...FILES,
        'scripts/run.sh':
          'sh scripts/prepare.sh && which thing-says other-says | xargs -n1 dirname | uniq | wc -l\n',
        'scripts/prepare.sh': 'python install.py\n',
        'install.py':
          'import subprocess, sys\nsubprocess.check_call([sys.executable, "-m", "pip", "install", "./other"])\n',
      };
      const { printed } = await runBuilt(
        await house.submit(repository('bash scripts/run.sh', { files, env: NO_NOISE })),
      );
      expect(printed?.trim()).toBe('1');
    },
  );

  test(
    'do not end up in the machine’s own Python, nor in an environment that was given',
    { timeout: 120_000 },
    async () => {
      const command = 'python -m pip install ./other && python -c "import other; print(other.VERSION)"';
      const files = distribution('other', 'other', '1.0');
      const look = ['-c', 'import importlib.util as u; print(u.find_spec("other"))'];
      const bare = await runBuilt(await house.submit(repository(command, { files, env: NO_NOISE })));
      expect(bare.printed).toBe('1.0');
      expect((await run(join(plainPath, 'python3'), look)).stdout.trim()).toBe('None');
      const own = join(house.folder, 'own');
      await run(join(plainPath, 'python3'), ['-m', 'venv', own]);
      await run(join(own, 'bin', 'pip'), ['install', '--quiet', './thing'], {
        cwd: await written(house.folder),
      });
      const both = `${command.replace('import other', 'import other, thing')}`;
      const given = await runBuilt(
        await house.submit(repository(both, { files, env: NO_NOISE, pythonEnv: own })),
      );
      expect(given.printed).toBe('1.0');
      expect((await run(join(own, 'bin', 'python'), look)).stdout.trim()).toBe('None');
    },
  );

  test.runIf(realUv)(
    'by uv, which takes what is there for the project’s environment',
    { timeout: 120_000 },
    async () => {
      const path = `${realUv?.slice(0, -3)}:${plainPath}:/usr/bin:/bin`;
      const files = { ...distribution('.', 'thing', '1.0'), ...distribution('other', 'other', '1.0') };
      const print = 'python -c "import thing; print(thing.VERSION, end=\' \')"';
      const command = `uv run --no-sync ${print} && uv run ${print} && uv pip install ./other && python -c "import other; print(other.VERSION)"`;
      const { printed } = await runBuilt(
        await house.submit(repository(command, { files, shell: { ...shell(), PATH: path } })),
      );
      expect(printed).toBe('1.0 1.0 1.0');
    },
  );
});

/** The sources of `thing` as files. */
async function written(folder: string): Promise<string> {
  const { mkdir, writeFile } = await import('node:fs/promises');
  const place = join(folder, 'written');
  for (const [path, text] of Object.entries(distribution('thing', 'thing', '1.0'))) {
    await mkdir(join(place, 'thing'), { recursive: true });
    await writeFile(join(place, path), text);
  }
  return place;
}
