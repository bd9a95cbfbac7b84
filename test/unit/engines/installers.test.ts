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
  ])('%s', (command) => {
    expect(readMentions(command, 'shell').installs).toBe(true);
  });

  test.each([
    'python -m pipeline.install',
    'uv run python train.py',
    'python train.py # pip-installed before',
    '# pip install wandb\npython train.py',
    'pip list && python train.py',
    'python -m piper',
    'apt-get install -y git',
  ])('not: %s', (command) => {
    expect(readMentions(command, 'shell').installs).toBe(false);
  });

  test('or is run by uv', () => {
    expect(readMentions('uv run --no-sync train.py', 'shell')).toEqual({ installs: false, uvRun: true });
    expect(readMentions('python -m uv_runner', 'shell')).toEqual({ installs: false, uvRun: false });
  });
});

describe('Python code installs packages', () => {
  test.each([
    'subprocess.check_call([sys.executable, "-m", "pip", "install", "x"])',
    "subprocess.run(['pip', 'install', 'x'])",
    'os.system("pip install x")',
    'pip.main(["install", "x"])',
  ])('%s', (code) => {
    expect(readMentions(code, 'python').installs).toBe(true);
  });

  test.each(['raise ImportError("pip install wandb to use this")', '"""Usage: pip install x"""'])(
    'not: %s',
    (code) => {
      expect(readMentions(code, 'python').installs).toBe(false);
    },
  );
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
