import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { hasTmux } from './terminal.ts';

const bin = join(import.meta.dirname, '../../bin/aichor.js');

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'aichor-init-'));
  mkdirSync(join(home, 'cwd'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** The built program, not on a terminal. `path`: folders of PATH besides the one of this Node. */
function aichor(args: string[], { path = [] as string[] } = {}): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [bin, 'local-repo', 'init', ...args], {
      cwd: join(home, 'cwd'),
      env: {
        HOME: home,
        AICHOR_HOME: join(home, 'state'),
        PATH: [...path, dirname(process.execPath), '/usr/bin', '/bin'].join(':'),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const outcome = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (outcome.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (outcome.stderr += text));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, ...outcome }));
  });
}

const here = () => readdirSync(join(home, 'cwd'));

/** A program called uv, first on PATH. */
function fakeUv(script: string): string {
  const folder = join(home, 'uv-bin');
  mkdirSync(folder);
  writeFileSync(join(folder, 'uv'), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, 'uv'), 0o755);
  return folder;
}

function errorOf({ stdout, stderr }: Outcome): {
  code: string;
  message: string;
  hint: string;
  exit_code: number;
} {
  expect(stdout).toBe('');
  return JSON.parse(stderr.trim().split('\n').at(-1) ?? '').error;
}

describe('local-repo init in a script', () => {
  test('writes a repository and says what to type next', async () => {
    const outcome = await aichor(['--name', 'My Exp_a', '--operator', 'jobset', '--profile', 'multi-pod']);
    expect(outcome.code).toBe(0);
    const document = JSON.parse(outcome.stdout);
    expect(document).toMatchObject({
      path: join(home, 'cwd', 'my-exp-a'),
      name: 'my-exp-a',
      operator: 'jobset',
      manifest_path: 'aichor_manifests/manifest.yaml',
    });
    expect(document.next[0]).toBe('cd my-exp-a');
    const written = readdirSync(document.path, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(document.path.length + 1));
    expect(document.files).toEqual(written.sort());
    expect(here()).toEqual(['my-exp-a']);
  });

  test('the repository runs as it is: it learns, leaves results, goes on from its checkpoint, takes variables', async () => {
    await aichor(['--name', 'learn', '--operator', 'jobset']);
    const cwd = join(home, 'cwd', 'learn');
    const out = join(home, 'out');
    const run = (words: string[], more: Record<string, string> = {}) => {
      const env = { PATH: process.env['PATH'], PYTHONPATH: 'src', AICHOR_OUTPUT_PATH: `${out}/`, ...more };
      return execFileSync('python3', ['-u', '-m', 'learn.main', ...words], { cwd, env, encoding: 'utf8' });
    };
    const losses = () =>
      readFileSync(join(out, 'metrics.jsonl'), 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
    run(['--steps', '50', '--checkpoint-every', '20']);
    expect(losses().map(({ step }) => step)).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
    expect(losses()[49].loss).toBeLessThan(losses()[0].loss);
    expect(JSON.parse(readFileSync(join(out, 'model.json'), 'utf8')).weights).toHaveLength(3);
    const second = run(['--steps', '60'], { AICHOR_RESTART_ATTEMPT: '1' });
    expect(second).toContain('attempt 1: starts at step 40');
    expect(losses()).toHaveLength(60);
    rmSync(out, { recursive: true });
    const results = ['0.01', '0.5'].map((rate) =>
      run([], { LEARNING_RATE: rate, AICHOR_OUTPUT_PATH: `${out}-${rate}/` })
        .split('\n')
        .at(-2),
    );
    expect(results[0]).toMatch(/^learning rate 0\.01: loss 0\.\d+ after 100 steps$/);
    expect(results[0]?.split(':')[1]).not.toBe(results[1]?.split(':')[1]);
    const several = run(['--steps', '5'], {
      GLOBAL_REPLICAS: '2',
      JOB_GLOBAL_INDEX: '1',
      AICHOR_OUTPUT_PATH: `${out}/`,
    });
    expect(several).toContain('pod 1 of 2');
    expect(readdirSync(out)).toEqual(['worker-1']);
  });

  test('pods of seeds side by side learn from different data', async () => {
    await aichor(['--name', 'seeds', '--operator', 'jobset']);
    const cwd = join(home, 'cwd', 'seeds');
    const first = ([seed, pod]: [string, string]) => {
      const out = join(home, `out-${seed}`);
      const place = {
        GLOBAL_REPLICAS: '2',
        JOB_GLOBAL_INDEX: pod,
        SEED: seed,
        AICHOR_OUTPUT_PATH: `${out}/`,
      };
      const env = { PATH: process.env['PATH'], PYTHONPATH: 'src', ...place };
      execFileSync('python3', ['-m', 'seeds.main', '--steps', '1'], { cwd, env });
      return readFileSync(join(out, `worker-${pod}`, 'metrics.jsonl'), 'utf8').match(/"loss": [\d.]+/)?.[0];
    };
    const losses = (['0', '1'] as const).flatMap((seed) => [first([seed, '0']), first([seed, '1'])]);
    expect(losses).not.toContain(undefined);
    expect(new Set(losses).size).toBe(4);
  });

  test('a host of packages that cannot be reached is named, with what to do meanwhile', async () => {
    const words = String.raw`error: Request failed after 3 retries
  cause: Failed to fetch: https://download.example.org/whl/cpu/torch/
  cause: dns error`;
    const path = [fakeUv(`printf '${words}\n' >&2; exit 2`)];
    const outcome = await aichor(['--name', 'x', '--operator', 'pytorch'], { path });
    expect(outcome.code).toBe(0);
    expect(outcome.stderr).toContain('no uv.lock: download.example.org cannot be reached');
    expect(outcome.stderr).toContain('--python-env');
  });

  test('without a terminal --name and --operator must be given', async () => {
    const error = errorOf(await aichor(['--name', 'x']));
    expect(error).toMatchObject({
      code: 'usage',
      exit_code: 2,
      message: expect.stringContaining('--operator'),
    });
    expect(error.message).not.toContain('--name');
    expect(errorOf(await aichor([])).message).toContain('--name and --operator');
    expect(here()).toEqual([]);
  });

  test.each([
    [['--name', 'class', '--operator', 'jax'], 'usage', 2],
    [['--name', 'jax', '--operator', 'jax'], 'usage', 2],
    [['--name', 'x', '--operator', 'tf'], 'usage', 2],
    [['--name', 'json', '--operator', 'jobset'], 'usage', 2],
    [['--name', 'x', '--operator', 'jax', '--pattern', 'coordinator'], 'usage', 2],
    [['--name', 'x', '--operator', 'jax', '--python', '2.7'], 'usage', 2],
    [['--name', 'full', '--operator', 'jax'], 'conflict', 6],
    [['file', '--name', 'x', '--operator', 'jax'], 'conflict', 6],
    [['file/below', '--name', 'x', '--operator', 'jax', '--force'], 'conflict', 6],
  ])('%j is refused and nothing is written', async (args, code, exitCode) => {
    mkdirSync(join(home, 'cwd', 'full'));
    writeFileSync(join(home, 'cwd', 'full', 'mine.txt'), 'mine');
    writeFileSync(join(home, 'cwd', 'file'), '');
    const outcome = await aichor(args);
    expect(errorOf(outcome)).toMatchObject({ code, exit_code: exitCode, hint: expect.any(String) });
    expect(outcome.code).toBe(exitCode);
    expect(here().sort()).toEqual(['file', 'full']);
    expect(readdirSync(join(home, 'cwd', 'full'))).toEqual(['mine.txt']);
  });

  test('--force sets files aside, says which, and keeps the rest', async () => {
    writeFileSync(join(home, 'cwd', 'README.md'), 'old');
    writeFileSync(join(home, 'cwd', 'mine.txt'), 'mine');
    const init = ['.', '--name', 'x', '--operator', 'pytorch', '--force'];
    const outcome = await aichor(init);
    expect(outcome.code).toBe(0);
    expect(outcome.stderr).toContain('replaced README.md (what it said: README.md.orig)');
    expect(JSON.parse(outcome.stdout)).toMatchObject({
      next: [expect.any(String)],
      replaced: [{ file: 'README.md', kept: 'README.md.orig' }],
    });
    const text = (name: string) => readFileSync(join(home, 'cwd', name), 'utf8');
    expect([text('mine.txt'), text('README.md.orig')]).toEqual(['mine', 'old']);
    expect(text('README.md')).toContain('# x');
    // What was set aside is not lost by the next time, and what is the same is not set aside.
    writeFileSync(join(home, 'cwd', 'README.md'), 'new');
    expect(JSON.parse((await aichor(init)).stdout).files).toEqual(['README.md']);
    expect([text('README.md.orig'), text('README.md.orig.2')]).toEqual(['old', 'new']);
  });

  test('a folder that holds no project keeps what it has, and gets the rest', async () => {
    writeFileSync(join(home, 'cwd', 'README.md'), 'mine');
    const outcome = await aichor(['.', '--name', 'x', '--operator', 'jobset']);
    expect(outcome.code).toBe(0);
    expect(outcome.stderr).toContain('is not empty');
    expect(JSON.parse(outcome.stdout)).toMatchObject({ kept: ['README.md'], replaced: [] });
    expect(readFileSync(join(home, 'cwd', 'README.md'), 'utf8')).toBe('mine');
    expect(here()).toContain('aichor_manifests');
  });

  test('--yes takes in a script what it takes on a terminal', async () => {
    const document = JSON.parse((await aichor(['x', '--yes'])).stdout);
    expect(document).toMatchObject({ name: 'x', operator: 'jobset' });
  });

  test('uv.lock is made where there is uv, and left out with its reason where uv fails', async () => {
    const good = fakeUv('grep -q "name = .x." pyproject.toml && echo locked > uv.lock');
    const locked = await aichor(['--name', 'x', '--operator', 'jobset'], { path: [good] });
    expect(JSON.parse(locked.stdout).files).toContain('uv.lock');
    expect(readFileSync(join(home, 'cwd', 'x', 'uv.lock'), 'utf8')).toBe('locked\n');

    rmSync(good, { recursive: true });
    const bad = fakeUv('echo half > uv.lock; echo "error: no such version" >&2; exit 1');
    const unlocked = await aichor(['--name', 'y', '--operator', 'jobset'], { path: [bad] });
    expect(unlocked.code).toBe(0);
    expect(unlocked.stderr).toContain('no such version');
    expect(JSON.parse(unlocked.stdout).files).not.toContain('uv.lock');
    expect(readdirSync(join(home, 'cwd', 'y'))).not.toContain('uv.lock');
  });

  test('a link is not followed', async () => {
    mkdirSync(join(home, 'elsewhere'));
    symlinkSync(join(home, 'elsewhere'), join(home, 'cwd', 'link'));
    expect((await aichor(['link', '--name', 'x', '--operator', 'jax'])).code).toBe(6);
    expect(readdirSync(join(home, 'elsewhere'))).toEqual([]);
  });
});

describe.runIf(hasTmux)('local-repo init on a terminal', () => {
  const socket = () => join(home, 'tmux.sock');
  const tmux = (...args: string[]) => execFileSync('tmux', ['-S', socket(), ...args], { encoding: 'utf8' });
  const screen = () => tmux('capture-pane', '-p', '-S', '-200', '-t', 'init');
  const type = (...keys: string[]) => tmux('send-keys', '-t', 'init', ...keys);

  beforeEach(() => {
    const command = `${process.execPath} ${bin} local-repo init; echo "ended with $?"; exec sh`;
    tmux(
      'new-session',
      '-d',
      '-s',
      'init',
      '-x',
      '100',
      '-y',
      '40',
      '-c',
      join(home, 'cwd'),
      '-e',
      `AICHOR_HOME=${home}/state`,
      '-e',
      'PS1=',
      command,
    );
  });
  afterEach(() => {
    tmux('kill-server');
  });

  const see = async (text: string) => {
    await expect.poll(screen, { timeout: 20_000 }).toContain(text);
  };

  test('asks, validates as it is typed, and writes with the defaults', async () => {
    await see('Name');
    type('3d', 'Enter');
    await see('start with a letter');
    type('BSpace', 'BSpace', 'unet', 'Enter');
    await see('Operator');
    type('Enter');
    await see('Resources');
    type('Down', 'Enter');
    await see('Python');
    type('Enter');
    await see('TensorBoard');
    type('Enter');
    await see('ended with 0');
    expect(screen()).toContain('cd unet');
    expect(readFileSync(join(home, 'cwd', 'unet', 'aichor_manifests', 'manifest.yaml'), 'utf8')).toContain(
      'accelerators',
    );
  });

  test('Ctrl-C at a question leaves nothing and ends with 130', async () => {
    await see('Name');
    type('unet', 'Enter');
    await see('Operator');
    type('C-c');
    await see('ended with 130');
    expect(here()).toEqual([]);
  });
});
