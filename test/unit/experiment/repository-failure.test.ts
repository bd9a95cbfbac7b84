import { describe, expect, test } from 'vitest';
import { missingFile } from '../../../src/experiment/failure/repository-failure.ts';
import { explainInFramework } from '../../../src/experiment/failure/framework-failure.ts';

const repository = {
  paths: ['train.py', 'train.sh', 'src/imp/model.py', 'src/imp/__init__.py', 'tools/go'],
  carriage_returns: ['train.sh'],
  command: './train.sh',
};

function explained(code: number, tail: string, more: Partial<typeof repository> = {}) {
  const end = {
    operator: 'jobset',
    experiment: 'x',
    pod: 'w-0-0',
    rank: 0,
    running: [],
    finished: [],
  } as const;
  return (
    explainInFramework({ ...end, code, tail, repository: { ...repository, ...more } })?.explanation ?? null
  );
}

describe('what was not found', () => {
  test('by a path of the repository that the command names', () => {
    const tail = "python3: can't open file '/app/src/nothere.py': [Errno 2] No such file or directory";
    expect(explained(2, tail, { command: 'python3 ./src/nothere.py --lr 1' })).toBe(
      'w-0-0: there is no src/nothere.py in the folder that the command starts in (exit 2); check its name, and that it is sent: aichor experiments submit local --show-files',
    );
    expect(explained(2, tail, { command: 'sh main.sh' })).toContain('it is a path of the image');
  });

  test.each([
    [127, 'sh: 1: ./train.sh: not found', /exit 127.*lines of train\.sh end in CR LF.*sed -i/],
    [
      127,
      'bash: line 1: ./train.sh: cannot execute: required file not found',
      /lines of train\.sh end in CR LF/,
    ],
    [127, "/usr/bin/env: 'bash\r': No such file or directory", /lines of train\.sh end in CR LF/],
    [127, '/usr/bin/env: ‘bash\\r’: No such file or directory', /lines of train\.sh end in CR LF/],
    [126, 'bash: ./train.sh: /bin/bash^M: bad interpreter: No such file or directory', /CR LF/],
  ])('for lines in CR LF: %s %s', (code, tail, said) => expect(explained(code, tail)).toMatch(said));

  test.each([
    [
      2,
      "python: can't open file '/w/trian.py': [Errno 2] No such file or directory",
      'no /w/trian.py (exit 2); did you mean train.py?',
    ],
    [
      2,
      "python: can't open file 'trian.py': [Errno 2] No such file or directory",
      'no trian.py (exit 2); did you mean train.py?',
    ],
    [127, 'sh: 1: ./trian.sh: not found', 'no ./trian.sh (exit 127); did you mean train.sh?'],
    [127, 'bash: trian.sh: No such file or directory', 'did you mean train.sh?'],
    [127, 'sh: 1: /app/tools/go: not found', 'did you mean tools/go?'],
    [
      127,
      'sh: 1: /opt/conda/bin/python: not found',
      'no /opt/conda/bin/python (exit 127): it is a path of the image',
    ],
  ])('for its name: %s %s', (code, tail, said) =>
    expect(explained(code, tail, { carriage_returns: [] })).toContain(said),
  );

  const python = (path: string) =>
    `Traceback (most recent call last):\n  x\nFileNotFoundError: [Errno 2] No such file or directory: '${path}'\n`;

  test.each([
    [python('/tmp/code/src/imp/model.py'), 'did you mean src/imp/model.py, from the WORKDIR'],
    [python('/app/train.sh'), 'there is no /app/train.sh on this machine; did you mean train.sh,'],
  ])('for its path in the image: %s', (tail, said) => expect(explained(1, tail)).toContain(said));

  test.each([python('/data/corpus.bin'), python('train.sh'), python('/train.sh')])(
    'not for other paths: %s',
    (tail) => expect(explained(1, tail)).not.toContain('did you mean'),
  );

  test.each([
    ['cat: /app/x: No such file or directory', '/app/x'],
    ["ls: cannot access '/app/x y': No such file or directory", '/app/x y'],
    ['cat: x: No such file or directory', null],
  ])('as programs say it: %s', (said, path) => expect(missingFile(said)).toBe(path));

  test('a module of the repository is not blamed on dependencies', () => {
    const tail = (module: string) =>
      `Traceback (most recent call last):\n  x\nModuleNotFoundError: No module named '${module}'\n`;
    expect(explained(1, tail('imp.model'))).toBe(
      'w-0-0 imports imp.model; src/imp/model.py is in the repository, but Python does not look there: give --env PYTHONPATH=src, or have the Dockerfile install the project (RUN pip install -e .)',
    );
    expect(explained(1, tail('torch'))).toContain("add the package to the project's dependencies");
  });

  test('what the repository does not know is told as it was', () => {
    expect(explained(127, 'sh: 1: torchrun: not found', { carriage_returns: [] })).toContain(
      'the command torchrun was not found',
    );
    expect(explained(2, 'usage: x', { carriage_returns: [] })).toBe(null);
  });
});
