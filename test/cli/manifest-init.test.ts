import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { hasTmux } from './terminal.ts';

const bin = join(import.meta.dirname, '../../bin/aichor.js');
const MAIN = 'if __name__ == "__main__":\n    print("trained")\n';
const OURS = ['.aichor/manifest.schema.json', '.aichorignore', 'aichor_manifests/manifest.yaml'];
const DOCKER = ['.dockerignore', 'Dockerfile'];

let home: string;
let root: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'aichor-manifest-init-'));
  root = join(home, 'digits');
  mkdirSync(join(root, '.git'), { recursive: true });
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

/** Files of a project, by path. */
function given(files: Record<string, string>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

const env = () => ({ HOME: home, AICHOR_HOME: join(home, 'state'), PATH: process.env['PATH'] });

function aichor(args: string[], cwd = root) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...args], {
    cwd,
    env: env(),
    encoding: 'utf8',
  });
  return { code: status, stdout, stderr };
}

function init(args: string[], cwd = root) {
  const outcome = aichor(['manifest', 'init', ...args], cwd);
  expect(outcome).toMatchObject({ code: 0 });
  return { ...outcome, document: JSON.parse(outcome.stdout) };
}

const manifest = () => readFileSync(join(root, 'aichor_manifests/manifest.yaml'), 'utf8');

/** Every file with what it says. */
function contents(): Record<string, string> {
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    files.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [path, createHash('sha256').update(readFileSync(path)).digest('hex')];
    }),
  );
}

const PYPROJECT = `[project]
name = "Digits_net"
version = "1"
requires-python = ">=3.12,<3.13"
dependencies = ["numpy", "Torch>=2.2"]
[project.optional-dependencies]
extra = ["tqdm"]
`;

test('a folder that is not there is told as such, and a file in its place', () => {
  given({ file: '' });
  for (const path of [join(home, 'none'), join(root, 'file'), join(root, 'file', 'below')]) {
    const { code, stdout, stderr } = aichor(['manifest', 'init', path, '--command', 'true']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(JSON.parse(stderr).error).toMatchObject({ code: 'usage', message: `there is no folder ${path}` });
  }
});

describe('manifest init', () => {
  test('a project with a pyproject.toml and a Dockerfile: what is there stays byte by byte', () => {
    given({
      'pyproject.toml': PYPROJECT,
      'uv.lock': 'version = 1\n',
      Dockerfile: 'FROM x\n',
      'train.py': MAIN,
    });
    const before = contents();
    const { document, stderr } = init([]);
    expect(contents()).toMatchObject(before);
    expect(document).toMatchObject({
      path: root,
      name: 'digits-net',
      operator: 'pytorch',
      files: OURS,
      kept: [],
    });
    expect(stderr).toContain('Python 3.12, 3 packages, so the operator is pytorch');
    expect(manifest()).toContain('command: "python -u train.py"');
    const verdict = aichor(['manifest', 'validate', '--strict']);
    expect(JSON.parse(verdict.stdout)).toMatchObject({
      valid: true,
      files: [{ diagnostics: [], repository: [] }],
    });
    // Once more, and there is nothing to do.
    const all = contents();
    expect(init([]).document).toMatchObject({ files: [], kept: OURS });
    expect(contents()).toEqual(all);
  });

  test.each([
    ['torch==2.4\n', 'pytorch'],
    ['# comment\n-r more.txt\njax[cuda12]>=0.5\n', 'jax'],
    ['xgboost-cpu\n', 'xgboost'],
    ['ray[default]==2.40.0\ntorch\n', 'kuberay'],
    ['numpy\n', 'jobset'],
  ])('requirements.txt of %j: %s', (requirements, operator) => {
    given({ 'requirements.txt': requirements, 'main.py': MAIN });
    const { document } = init(['--python', '3.11']);
    expect(document).toMatchObject({ name: 'digits', operator, files: [...OURS, ...DOCKER].sort() });
    const dockerfile = readFileSync(join(root, 'Dockerfile'), 'utf8');
    expect(dockerfile).toContain('FROM python:3.11-slim');
    expect(dockerfile).toContain('pip install --no-cache-dir -r requirements.txt');
    if (operator === 'kuberay') expect(manifest()).toContain('rayVersion: "2.40.0"');
  });

  test('files of a package are run as modules; several programs want a choice, --yes takes the likeliest', () => {
    given({
      'pyproject.toml': `${PYPROJECT}[build-system]\nrequires = ["hatchling"]\n`,
      'src/digits/__init__.py': '',
      'src/digits/train.py': MAIN,
      'tools/plot.py': MAIN,
      'tests/test_x.py': MAIN,
    });
    const { code, stdout, stderr } = aichor(['manifest', 'init']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(JSON.parse(stderr.trim().split('\n').at(-1) ?? '').error.hint).toContain(
      '"python -u -m digits.train", "python -u tools/plot.py"',
    );
    expect(readdirSync(root)).not.toContain('aichor_manifests');
    init(['--yes', '--profile', 'multi-gpu']);
    expect(manifest()).toContain('torch.distributed.run --nproc_per_node=4 -m digits.train');
    expect(readFileSync(join(root, 'Dockerfile'), 'utf8')).toContain('pip install --no-cache-dir -e .');
  });

  test('from a folder inside, the root is found and said', () => {
    given({ 'requirements.txt': 'jax\n', 'train.py': MAIN, 'src/deep/x.py': '' });
    const { document, stderr } = init([], join(root, 'src', 'deep'));
    expect(document.path).toBe(root);
    expect(stderr).toContain(`the project is ${root}`);
    expect(document.next[0]).toBe('cd ../..');
  });

  test('no program: the command has to be given; what needs quotes gets them', () => {
    given({ 'requirements.txt': '' });
    expect(aichor(['manifest', 'init', '--yes']).code).toBe(2);
    init(['--command', 'python -c "print(\'a\\b\')" && echo "ok"']);
    const rendered = JSON.parse(aichor(['manifest', 'render']).stdout);
    expect(rendered.pods[0].command).toBe('python -c "print(\'a\\b\')" && echo "ok"');
  });

  test('--force keeps what it takes the place of', () => {
    given({ 'requirements.txt': '', 'train.py': MAIN, 'aichor_manifests/manifest.yaml': 'mine\n' });
    const { document } = init(['--force']);
    expect(document.replaced).toEqual([
      { file: 'aichor_manifests/manifest.yaml', kept: 'aichor_manifests/manifest.yaml.orig' },
    ]);
    expect(readFileSync(join(root, 'aichor_manifests/manifest.yaml.orig'), 'utf8')).toBe('mine\n');
  });

  test('local-repo init in a project says so, and does the same', () => {
    given({ 'pyproject.toml': PYPROJECT, 'train.py': MAIN, 'README.md': 'mine' });
    const before = contents();
    const { code, stdout, stderr } = aichor(['local-repo', 'init', '.', '--yes']);
    expect(code).toBe(0);
    expect(stderr.split('\n')[0]).toContain('is not empty: the project in it stays as it is');
    expect(contents()).toMatchObject(before);
    expect(JSON.parse(stdout).files).toEqual([...OURS, ...DOCKER].sort());
  });

  test('what is not sent is told with the line that says so: .gitignore, and .aichorignore over it', () => {
    given({
      'requirements.txt': '',
      'train.py': MAIN,
      '.gitignore': 'cache/\ndata/\n',
      'cache/x': 'x',
      'data/x': 'x'.repeat(100_000),
      'wandb/x': 'x',
    });
    init([]);
    writeFileSync(join(root, '.aichorignore'), '# ours\nwandb/\n!data/\n');
    const dryRun = ['experiments', 'submit', 'local', '--dry-run'];
    const { left_out: leftOut, largest } = JSON.parse(aichor(dryRun).stdout);
    expect(leftOut).toEqual([
      { file: '.gitignore', line: 1, pattern: 'cache/', count: 1, paths: ['cache/'] },
      { file: '.aichorignore', line: 2, pattern: 'wandb/', count: 1, paths: ['wandb/'] },
    ]);
    expect(largest).toContainEqual(expect.objectContaining({ path: expect.stringMatching(/^data\//) }));
    const { stdout } = aichor([...dryRun, '--output', 'table']);
    expect(stdout).toContain('  wandb/  by .aichorignore:2 wandb/');
  });

  test('where there is no manifest, the hint leads here', () => {
    given({ 'train.py': MAIN });
    for (const command of [
      ['manifest', 'validate'],
      ['experiments', 'submit', 'local', '--dry-run'],
    ])
      expect(aichor(command).stderr).toContain('aichor manifest init');
  });
});

describe.runIf(hasTmux)('manifest init on a terminal', () => {
  const tmux = (...args: string[]) =>
    execFileSync('tmux', ['-S', join(home, 'tmux.sock'), ...args], { encoding: 'utf8' });
  const screen = () => tmux('capture-pane', '-p', '-J', '-t', 'init');
  afterEach(() => {
    tmux('kill-server');
  });
  const see = async (text: string) => {
    await expect.poll(screen, { timeout: 20_000 }).toContain(text);
  };

  test('says what it read, asks for resources and command, and writes', async () => {
    given({ 'pyproject.toml': PYPROJECT, 'train.py': MAIN, 'eval.py': MAIN });
    const command = `${process.execPath} ${bin} local-repo init .; echo "ended with $?"; exec sh`;
    const size = ['-x', '140', '-y', '40'];
    tmux(
      'new-session',
      '-d',
      '-s',
      'init',
      ...size,
      '-c',
      root,
      '-e',
      `HOME=${home}`,
      '-e',
      'PS1=',
      '-e',
      'CI=',
      command,
    );
    await see('Resources');
    expect(screen()).toContain('is not empty');
    tmux('send-keys', '-t', 'init', 'Down', 'Enter');
    await see('Command');
    tmux('send-keys', '-t', 'init', 'Down', 'Enter');
    await see('ended with 0');
    expect(manifest()).toContain('command: "python -u eval.py"');
    expect(manifest()).toMatch(/product: NVIDIA\S+ # CHANGE/);
  });
});
