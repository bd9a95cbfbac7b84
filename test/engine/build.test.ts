import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { chooseProcesses } from '../../src/machine/choose-processes.ts';
import { findProgram } from '../../src/machine/find-program.ts';
import { EXPERIMENT_MARK } from '../../src/engines/local/pod/pod-environment.ts';
import { ENVIRONMENT_MARK } from '../../src/engines/local/build/environments/environments.ts';
import { planPeak } from '../../src/experiment/plan/totals.ts';
import { createHouse, jobset, type House, type Submitted } from './house.ts';

const processes = chooseProcesses(process.env, process.platform);
const realUv = await findProgram('uv', process.env['PATH'] ?? '');

let house: House;
let python: string;
/** A PATH without uv: a folder of links to what is needed. */
let plainPath: string;
beforeAll(async () => {
  plainPath = await mkdtemp(join(tmpdir(), 'aichor-path-'));
  python = execFileSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' }).trim();
  await symlink(python, join(plainPath, 'python3'));
});
afterAll(() => rm(plainPath, { recursive: true }));
beforeEach(async () => {
  house = await createHouse();
  await mkdir(`${house.folder}/installer`);
  await writeFile(`${house.folder}/installer/uv`, INSTALLER);
  await chmod(`${house.folder}/installer/uv`, 0o755);
});
afterEach(() => house.leave());

/** A package without dependencies that pip and uv can install without a network. */
const PACKAGE = {
  'pyproject.toml': [
    '[project]\nname = "thing"\nversion = "1.0"\n',
    '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n',
  ].join('\n'),
  'backend.py': [
    'import os, zipfile',
    'def build_wheel(folder, config_settings=None, metadata_directory=None):',
    '    name = "thing-1.0-py3-none-any.whl"',
    '    with zipfile.ZipFile(os.path.join(folder, name), "w") as z:',
    '        z.writestr("thing.py", open("value.py").read())',
    '        z.writestr("thing-1.0.dist-info/METADATA", "Metadata-Version: 2.1\\nName: thing\\nVersion: 1.0\\n")',
    '        z.writestr("thing-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\\nGenerator: x\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")',
    '        z.writestr("thing-1.0.dist-info/RECORD", "")',
    '    return name',
    '',
  ].join('\n'),
  'value.py': 'VALUE = 1\n',
};

/**
 * A small installer that goes by uv's name and arguments: makes a real environment and puts the module there, says
 * what it was asked, fails or waits when there is a file of that name.
 */
const INSTALLER = `#!/bin/sh
echo "uv $*" >&2
[ -e fail ] && { echo "error: the installer refuses" >&2; exit 1; }
[ -e wait ] && { sleep 600; }
echo "the build sees \${#BUILD_SAYS}"
python3 -m venv --without-pip "$UV_PROJECT_ENVIRONMENT"
cd "$UV_PROJECT_ENVIRONMENT"/lib/python3*/site-packages && cp "$OLDPWD/value.py" thing.py
`;

const command = 'python -c "import thing, sys; print(thing.VALUE, sys.prefix != sys.base_prefix)"';
const shell = () => ({ PATH: `${plainPath}:/usr/bin:/bin`, HOME: house.folder });
const shellWithInstaller = () => ({ ...shell(), PATH: `${house.folder}/installer:${shell().PATH}` });
const withInstaller = (files: Record<string, string> = PACKAGE) => ({
  ...jobset(command),
  files,
  shell: shellWithInstaller(),
});

async function runBuilt(experiment: Submitted) {
  const build = await experiment.build();
  const context = await experiment.context();
  for await (const fact of house.engine.run({ ...context, build, admitted: planPeak(experiment.plan) })) {
    if (fact.type === 'failure') throw new Error(fact.explanation);
  }
  return { build, printed: await experiment.printed('worker-0-0') };
}

/** Until the installer runs. */
async function untilBuilding(experiment: Submitted): Promise<void> {
  while ((await processes.marked(EXPERIMENT_MARK, experiment.id, ENVIRONMENT_MARK)).length === 0) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test('without uv, venv and pip make the environment', { timeout: 120_000 }, async () => {
  const { build, printed } = await runBuilt(
    await house.submit({ ...jobset(command), files: PACKAGE, shell: shell() }),
  );
  expect(printed).toBe('1 True');
  expect(build.message).toMatch(/^environment built with venv in/);
  expect(build.notices).toContainEqual({
    code: 'uv_absent',
    message: expect.stringContaining('venv and pip'),
  });
});

test('without uv, a lock is called unused only where there is one', { timeout: 120_000 }, async () => {
  const synced = { ...PACKAGE, Dockerfile: 'FROM python\nWORKDIR /app\nCOPY . .\nRUN uv sync\n' };
  const saidOf = async (files: Record<string, string>) => {
    const experiment = await house.submit({ ...jobset(command), files, shell: shell() });
    const { notices } = await experiment.build();
    return notices.find(({ code }) => code === 'uv_absent')?.message;
  };
  expect(await saidOf(synced)).toMatch(/venv and pip$/);
  expect(await saidOf({ ...synced, 'uv.lock': 'version = 1\n' })).toMatch(/uv\.lock was not used$/);
});

describe('an environment', () => {
  test('is built once for the same content', async () => {
    const first = await runBuilt(await house.submit(withInstaller()));
    expect(first.printed).toBe('1 True');
    expect(first.build.message).toMatch(/^environment built with uv in/);
    const second = await runBuilt(await house.submit(withInstaller()));
    expect(second).toMatchObject({
      printed: '1 True',
      build: { message: 'environment reused', data: first.build.data },
    });
    const third = await runBuilt(
      await house.submit(withInstaller({ ...PACKAGE, 'value.py': 'VALUE = 2\n' })),
    );
    expect(third.printed).toBe('2 True');
  });

  test('is built once though several want it at once', async () => {
    const experiments = await Promise.all([1, 2, 3].map(() => house.submit(withInstaller())));
    const builds = await Promise.all(experiments.map((each) => each.build()));
    const said = builds.map(({ message }) => message.replace(/ with.*/, '')).sort();
    expect(said).toEqual(['environment built', 'environment reused', 'environment reused']);
  });

  test('that was begun by a dead server is built anew, and what still builds there is ended', async () => {
    const abandoned = await house.submit(withInstaller({ ...PACKAGE, wait: '' }));
    const left = abandoned.build();
    const ended = expect(left).rejects.toMatchObject({ code: 'experiment_failed' });
    await untilBuilding(abandoned);
    const again = await house.submit(withInstaller({ ...PACKAGE, wait: '' }));
    const building = again.build(house.restarted());
    await ended;
    await untilBuilding(again);
    again.stop.abort();
    await expect(building).rejects.toMatchObject({ code: 'experiment_cancelled' });
  });

  test('is nobody else’s business: a state folder leaves the builds of another alone', async () => {
    const mine = await house.submit(withInstaller({ ...PACKAGE, wait: '' }));
    const building = mine.build();
    const ended = expect(building).rejects.toMatchObject({ code: 'experiment_cancelled' });
    await untilBuilding(mine);
    const other = await createHouse();
    try {
      const theirs = await other.submit(withInstaller({ ...PACKAGE, wait: '' }));
      const begun = theirs.build();
      const cancelled = expect(begun).rejects.toMatchObject({ code: 'experiment_cancelled' });
      await untilBuilding(theirs);
      expect(await processes.marked(EXPERIMENT_MARK, mine.id, ENVIRONMENT_MARK)).not.toEqual([]);
      theirs.stop.abort();
      await cancelled;
    } finally {
      await other.leave();
    }
    mine.stop.abort();
    await ended;
  });

  test('that cannot be built: the installer’s own reason, its output in the log', async () => {
    const experiment = await house.submit(withInstaller({ ...PACKAGE, fail: '' }));
    const message = 'the Python environment could not be built: error: the installer refuses';
    await expect(experiment.build()).rejects.toMatchObject({ code: 'experiment_failed', message });
    expect((await experiment.lines()).map(({ step, text }) => `${step} ${text}`)).toContain(
      'build error: the installer refuses',
    );
  });

  test('what the build needs to know reaches it and not the log', async () => {
    const experiment = await house.submit({ ...withInstaller(), secrets: { BUILD_SAYS: 'very-secret' } });
    await experiment.build();
    const text = (await experiment.lines()).map((line) => line.text).join('\n');
    expect(text).toContain('the build sees 11');
    expect(text).not.toContain('very-secret');
  });

  test('stopping ends the build and everything it started; who waited for it builds', async () => {
    const experiment = await house.submit(withInstaller({ ...PACKAGE, wait: '' }));
    const building = experiment.build();
    await untilBuilding(experiment);
    const other = await house.submit(withInstaller({ ...PACKAGE, wait: '' }));
    const waiting = other.build();
    experiment.stop.abort();
    await expect(building).rejects.toMatchObject({ code: 'experiment_cancelled' });
    // What was killed is gone when the system comes to it, which on a busy machine is a little later.
    const left = () => processes.marked(EXPERIMENT_MARK, experiment.id, ENVIRONMENT_MARK);
    await expect.poll(left, { timeout: 30_000 }).toEqual([]);
    await untilBuilding(other);
    other.stop.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'experiment_cancelled' });
  });
});

describe('uv', () => {
  test('goes by the lock when there is one', async () => {
    const files = {
      'pyproject.toml': '[project]\nname = "x"\nversion = "1"\ndependencies = ["six"]\n',
      'value.py': '',
    };
    const plain = await house.submit(withInstaller(files));
    await plain.build();
    expect((await plain.lines())[0]?.text).toBe('uv sync --no-dev');
    const locked = await house.submit(withInstaller({ ...files, 'uv.lock': 'version = 1\n' }));
    await locked.build();
    expect((await locked.lines())[0]?.text).toBe('uv sync --locked --no-dev');
  });

  test.runIf(realUv)('the real one installs the project itself', async () => {
    const uv = realUv ?? '';
    await mkdir(join(house.folder, 'uv-bin'));
    await symlink(uv, join(house.folder, 'uv-bin', 'uv'));
    const path = `${join(house.folder, 'uv-bin')}:${shell().PATH}`;
    const { build, printed } = await runBuilt(
      await house.submit({
        ...jobset(command),
        files: PACKAGE,
        shell: { ...shell(), PATH: path, UV_OFFLINE: '1', UV_PYTHON: python },
      }),
    );
    expect(build.message).toMatch(/^environment built with uv/);
    expect(printed).toBe('1 True');
    const broken = await house.submit({
      ...jobset(command),
      files: {
        'pyproject.toml': '[project]\nname = "x"\nversion = "1"\ndependencies = ["no-such-thing-at-all"]\n',
      },
      shell: { ...shell(), PATH: path, UV_OFFLINE: '1', UV_PYTHON: python },
    });
    await expect(broken.build()).rejects.toMatchObject({
      message: expect.stringContaining('no-such-thing-at-all'),
    });
  });
});

describe('without dependencies', () => {
  test('the PATH’s python runs, under both names', async () => {
    const { printed, build } = await runBuilt(
      await house.submit({
        ...jobset('python -c "print(1)"; python3 -c "print(2)"'),
        shell: { PATH: `${plainPath}:/usr/bin:/bin` },
      }),
    );
    expect(printed).toBe('1\n2');
    expect(build.data).toMatchObject({ environment: null });
  });
});

describe('skipBuild', () => {
  const skipBuild = (failIfNotFound: boolean) => ({
    skipBuild: { enabled: true, experimentId: '3f2a1b4c-9d8e-4f7a-b6c5-1a2b3c4d5e6f', failIfNotFound },
  });

  test('takes the environment of the other experiment, whatever is in the tree', async () => {
    const earlier = await (await house.submit(withInstaller())).build();
    const files = { 'main.py': '' };
    const experiment = await house.submit({
      ...jobset(command),
      files,
      shell: shell(),
      builder: skipBuild(true),
      reuse: earlier,
    });
    expect((await runBuilt(experiment)).printed).toBe('1 True');
  });

  test('that finds nothing: fails, or builds, as asked', async () => {
    const strict = await house.submit({ ...jobset('true'), builder: skipBuild(true) });
    await expect(strict.build()).rejects.toMatchObject({ reason: 'ImageNotFound' });
    const lenient = await house.submit({ ...jobset('true'), builder: skipBuild(false) });
    expect((await lenient.build()).notices).toContainEqual({
      code: 'skip_build_ignored',
      message: expect.any(String),
    });
  });

  test('a finished image is for a cluster: here it is built as if nothing were said', async () => {
    const builder = { image: 'localhost/image:v1', skipBuild: { enabled: true, failIfNotFound: true } };
    const experiment = await house.submit({ ...withInstaller(), builder });
    expect((await runBuilt(experiment)).printed).toBe('1 True');
  });

  test('an image that a cluster built is no environment', async () => {
    const reuse = { message: '', data: { image: 'images.example/a:1', digest: null }, notices: [] };
    const strict = await house.submit({ ...jobset('true'), builder: skipBuild(true), reuse });
    await expect(strict.build()).rejects.toMatchObject({ reason: 'ImageNotFound' });
  });

  test('a result whose environment is gone is not found', async () => {
    const reuse = { message: '', data: { programs: [], environment: '00' }, notices: [] };
    const strict = await house.submit({ ...jobset('true'), builder: skipBuild(true), reuse });
    await expect(strict.build()).rejects.toMatchObject({ reason: 'ImageNotFound' });
  });
});
