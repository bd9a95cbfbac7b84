import { describe, expect, test } from 'vitest';
import { isScript, namesFile, readMentions } from '../../../src/engines/local/build/packages/mentions.ts';

describe('a command installs packages', () => {
  test.each([
    'pip install wandb && python train.py',
    'pip3 install -q --upgrade wandb',
    'pip -q install -e .',
    'python -m pip install -r more.txt; python train.py',
    'python3.11 -u -m pip install x',
    'bash -c "uv pip install --system x && python train.py"',
    'uv sync --frozen && python train.py',
    'uv add rich',
    'python setup.py develop',
    'pip uninstall -y apex',
    'poetry install --no-root',
    'poetry remove rich',
    'pipenv sync',
    'pdm add rich',
    'pip --proxy http://proxy:3128 install x',
    'python -I -m pip --log pip.log --quiet install x',
    'python -m pip \\\n  install x',
    'uv --directory sub pip sync requirements.txt',
    'for p in a b; do python -m pip "$VERB" $p; done',
    'python -m pip --version && python -m pip install x',
  ])('%s', (command) => {
    expect(readMentions(command, 'shell').installs).toBe(true);
  });

  test.each([
    'python -m pipeline.install',
    'uv run python train.py',
    'python train.py # pip-installed before',
    '# pip install wandb\npython train.py',
    'pip list && python train.py',
    ...'list show freeze check --version config cache download debug inspect wheel'
      .split(' ')
      .flatMap((verb) => [`python -m pip ${verb} six && python train.py`, `pip3 ${verb} six`]),
    'python -m pip -q list; python install.py',
    'python -m pip --version\nmake install',
    'python -m pip freeze > install.txt',
    'uv pip list && uv tree',
    'uv pip --quiet freeze',
    'python -m piper',
    'apt-get install -y git',
  ])('not: %s', (command) => {
    expect(readMentions(command, 'shell').installs).toBe(false);
  });

  test('or is run by uv', () => {
    expect(readMentions('uv run --no-sync train.py', 'shell')).toMatchObject({
      installs: false,
      uvRun: true,
    });
    expect(readMentions('python -m uv_runner', 'shell')).toMatchObject({ installs: false, uvRun: false });
  });
});

describe('a login shell makes its PATH anew', () => {
  test.each([
    "bash -lc 'python train.py'",
    'bash -l -c "python train.py"',
    'sh -l run.sh',
    'bash --login -c x',
    'bash -euo pipefail -lc x',
    '/bin/bash -o pipefail -ilc "x"',
    '#!/bin/bash -l\npython train.py',
    'su - user -c x',
    'sudo -i python train.py',
    'exec bash --noprofile -cl x',
  ])('%s', (command) => {
    expect(readMentions(command, 'shell').loginShell).toBe(true);
  });

  test.each([
    'bash -c "ls -l"',
    'bash run.sh -l',
    'sh run.sh --login',
    'python train.py -l 3',
    'bash --help',
    '# bash -lc x',
    'sudo -u me x',
    'bash -c x --logdir y',
    'bash -eu run.sh && ls -l',
  ])('not: %s', (command) => {
    expect(readMentions(command, 'shell').loginShell).toBe(false);
  });

  test('in Python code', () => {
    const words = 'subprocess.run(["bash", "-lc", "nvidia-smi"])';
    expect(readMentions(words, 'python').loginShell).toBe(true);
    expect(readMentions('subprocess.run(["bash", "-c", "ls -l"])', 'python').loginShell).toBe(false);
  });
});

describe('Python code installs packages', () => {
  test.each([
    'subprocess.check_call([sys.executable, "-m", "pip", "install", "x"])',
    "subprocess.run(['pip', 'install', 'x'])",
    'os.system("pip install x")',
    'pip.main(["install", "x"])',
    'subprocess.run([sys.executable, "-m", "pip", "--quiet", "install", "x"])',
    'subprocess.run([sys.executable, "-m", "pip", *words])',
    'subprocess.run([sys.executable, "-m", "pip"] + words)',
    'os.system("python -m pip -q install x")',
  ])('%s', (code) => {
    expect(readMentions(code, 'python').installs).toBe(true);
  });

  test.each([
    'raise ImportError("pip install wandb to use this")',
    '"""Usage: pip install x"""',
    'subprocess.check_output([sys.executable, "-m", "pip", "freeze"])',
    "subprocess.run([sys.executable, '-m', 'pip', '--disable-pip-version-check', 'list'])",
    'subprocess.run([sys.executable, "-m", "pip", "--version"])',
    'pip.main(["list"])',
  ])('not: %s', (code) => {
    expect(readMentions(code, 'python').installs).toBe(false);
  });
});

test.each([
  ['bash scripts/run.sh', 'scripts/run.sh', true],
  ['./run.sh --x', 'run.sh', true],
  ['bash prerun.sh', 'run.sh', false],
  ['make train', 'Makefile', true],
  ['python train.py', 'Makefile', false],
])('%s runs %s: %s', (text, path, expected) => {
  expect(namesFile(text, path)).toBe(expected);
});

test.each([
  ['run.sh', true],
  ['scripts/entry', true],
  ['Makefile', true],
  ['Dockerfile', false],
  ['docker/Dockerfile', false],
  ['README', false],
  ['train.py', false],
])('%s is a script: %s', (path, expected) => {
  expect(isScript(path)).toBe(expected);
});

// Each took minutes, or for ever, where it could be read in more ways than one.
test.each([' --rcfile', '"/', 'pip -', 'pip -a b ', 'bash -o x ', "'sh', '-c', ", 'pip \\\n'])(
  'a long text of a stranger is read in one way: %j',
  (words) => {
    for (const language of ['shell', 'python'] as const)
      expect(readMentions(`sh${words.repeat(20_000)}`, language).installs).toBe(false);
  },
);
