import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { chooseProcesses } from '../../src/machine/choose-processes.ts';
import { findProgram } from '../../src/machine/find-program.ts';
import { ENVIRONMENT_MARK } from '../../src/engines/local/environments.ts';
import { planPeak } from '../../src/experiment/plan.ts';
import { createHouse, jobset, type House, type Submitted } from './house.ts';

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
    '    if os.environ.get("BUILD_SAYS"): print("the build sees", len(os.environ["BUILD_SAYS"]))',
    '    if os.path.exists("fail"): raise SystemExit("the backend refuses")',
    '    if os.path.exists("wait"):',
    '        import time; time.sleep(600)',
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

const command = 'python -c "import thing, sys; print(thing.VALUE, sys.prefix != sys.base_prefix)"';
const shell = () => ({ PATH: `${plainPath}:/usr/bin:/bin`, HOME: house.folder, UV_OFFLINE: '1', UV_PYTHON: python });

async function runBuilt(experiment: Submitted) {
  const build = await experiment.build();
  const context = await experiment.context();
  for await (const fact of house.engine.run({ ...context, build, admitted: planPeak(experiment.plan) })) {
    if (fact.type === 'failure') throw new Error(fact.explanation);
  }
  return { build, printed: await experiment.printed('worker-0-0') };
}

describe('without uv', () => {
  test('venv and pip make the environment, once for the same content', async () => {
    const first = await runBuilt(await house.submit({ ...jobset(command), files: PACKAGE, shell: shell() }));
    expect(first.printed).toBe('1 True');
    expect(first.build.message).toMatch(/^environment built with venv in/);
    expect(first.build.notices).toContainEqual({ code: 'uv_absent', message: expect.stringContaining('venv and pip') });
    const second = await runBuilt(await house.submit({ ...jobset(command), files: PACKAGE, shell: shell() }));
    expect(second).toMatchObject({ printed: '1 True', build: { message: 'environment reused', data: first.build.data } });
    const changed = { ...PACKAGE, 'value.py': 'VALUE = 2\n' };
    const third = await runBuilt(await house.submit({ ...jobset(command), files: changed, shell: shell() }));
    expect(third.printed).toBe('2 True');
  });

  test('several experiments at once build it once', async () => {
    const experiments = await Promise.all([1, 2, 3].map(() => house.submit({ ...jobset(command), files: PACKAGE, shell: shell() })));
    const builds = await Promise.all(experiments.map((each) => each.build()));
    expect(builds.map(({ message }) => message.replace(/ with.*/, '')).sort()).toEqual(['environment built', 'environment reused', 'environment reused']);
  });

  test('a failing build says why, and its output is in the log', async () => {
    const experiment = await house.submit({ ...jobset(command), files: { ...PACKAGE, fail: '' }, shell: shell() });
    await expect(experiment.build()).rejects.toMatchObject({ code: 'experiment_failed', message: expect.stringMatching(/^the Python environment could not be built: /) });
    expect((await experiment.lines()).some(({ step, text }) => step === 'build' && text.includes('the backend refuses'))).toBe(true);
  });

  test('what a build needs to know reaches it and not the log', async () => {
    const what = { ...jobset('true'), files: PACKAGE, shell: shell(), secrets: { BUILD_SAYS: 'very-secret' } };
    const experiment = await house.submit({ ...what, shell: { ...shell(), PIP_VERBOSE: '1' } });
    await experiment.build();
    const text = (await experiment.lines()).map((line) => line.text).join('\n');
    expect(text).toContain('the build sees 11');
    expect(text).not.toContain('very-secret');
  });

  test('stopping ends it and everything it started', async () => {
    const experiment = await house.submit({ ...jobset(command), files: { ...PACKAGE, wait: '' }, shell: shell() });
    const processes = chooseProcesses(process.env, process.platform);
    const building = experiment.build();
    const marked = () => processes.marked('AICHOR_EXPERIMENT_ID', experiment.id, ENVIRONMENT_MARK);
    while ((await marked()).length < 2) await new Promise((resolve) => setTimeout(resolve, 20));
    experiment.stop.abort();
    await expect(building).rejects.toMatchObject({ code: 'experiment_cancelled' });
    expect(await marked()).toEqual([]);
  });
});

describe('with uv', () => {
  test('a uv on PATH is used, with the lock when there is one', async () => {
    const uv = join(await mkdtemp(join(house.folder, 'bin-')), 'uv');
    await writeFile(uv, '#!/bin/sh\necho "uv $*" >&2\nmkdir -p "$UV_PROJECT_ENVIRONMENT/bin"\n');
    await chmod(uv, 0o755);
    const path = { ...shell(), PATH: `${join(uv, '..')}:/usr/bin:/bin` };
    const files = { 'pyproject.toml': '[project]\nname = "x"\nversion = "1"\ndependencies = ["six"]\n' };
    const plain = await house.submit({ ...jobset('true'), files, shell: path });
    expect((await plain.build()).message).toMatch(/^environment built with uv/);
    expect((await plain.lines()).map(({ text }) => text)).toEqual(['uv sync --no-dev']);
    const locked = await house.submit({ ...jobset('true'), files: { ...files, 'uv.lock': 'version = 1\n' }, shell: path });
    await locked.build();
    expect((await locked.lines()).map(({ text }) => text)).toEqual(['uv sync --locked --no-dev']);
  });

  test.runIf(realUv)('the real one installs the project itself', async () => {
    const uv = realUv ?? '';
    await mkdir(join(house.folder, 'uv-bin'));
    await symlink(uv, join(house.folder, 'uv-bin', 'uv'));
    const path = `${join(house.folder, 'uv-bin')}:${shell().PATH}`;
    const { build, printed } = await runBuilt(await house.submit({ ...jobset(command), files: PACKAGE, shell: { ...shell(), PATH: path } }));
    expect(build.message).toMatch(/^environment built with uv/);
    expect(printed).toBe('1 True');
    const broken = await house.submit({
      ...jobset(command),
      files: { 'pyproject.toml': '[project]\nname = "x"\nversion = "1"\ndependencies = ["no-such-thing-at-all"]\n' },
      shell: { ...shell(), PATH: path },
    });
    await expect(broken.build()).rejects.toMatchObject({ message: expect.stringContaining('no-such-thing-at-all') });
  });
});

describe('without dependencies', () => {
  test('the PATH’s python runs, under both names', async () => {
    const { printed, build } = await runBuilt(
      await house.submit({ ...jobset('python -c "print(1)"; python3 -c "print(2)"'), shell: { PATH: `${plainPath}:/usr/bin:/bin` } }),
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
    const earlier = await (await house.submit({ ...jobset(command), files: PACKAGE, shell: shell() })).build();
    const files = { 'main.py': '' };
    const experiment = await house.submit({ ...jobset(command), files, shell: shell(), builder: skipBuild(true), reuse: earlier });
    expect((await runBuilt(experiment)).printed).toBe('1 True');
  });

  test('that finds nothing: fails, or builds, as asked', async () => {
    const strict = await house.submit({ ...jobset('true'), builder: skipBuild(true) });
    await expect(strict.build()).rejects.toMatchObject({ code: 'not_found' });
    const lenient = await house.submit({ ...jobset('true'), builder: skipBuild(false) });
    expect((await lenient.build()).notices).toContainEqual({ code: 'skip_build_ignored', message: expect.any(String) });
  });

  test('a result whose environment is gone is not found', async () => {
    const reuse = { message: '', data: { programs: [], environment: '00' }, notices: [] };
    const strict = await house.submit({ ...jobset('true'), builder: skipBuild(true), reuse });
    await expect(strict.build()).rejects.toMatchObject({ code: 'not_found' });
  });
});
