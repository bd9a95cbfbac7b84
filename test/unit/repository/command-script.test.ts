import { describe, expect, test } from 'vitest';
import { missingScript } from '../../../src/repository/command-script.ts';

const FILES = ['train.py', 'src/digits/main.py', 'jobs/run.sh', 'ctx/eval.py'];
const paths = { has: (path: string) => FILES.includes(path), list: () => FILES };
const missing = (command: string, context = '.') => missingScript(command, context, paths);

describe('the script of a command', () => {
  test.each([
    ['python -u trian.py --lr 0.1', { script: 'trian.py', meant: 'train.py' }],
    ['LR=1 python3.11 trian.py', { script: 'trian.py', meant: 'train.py' }],
    ['torchrun --nproc_per_node 4 trian.py', { script: 'trian.py', meant: 'train.py' }],
    ['uv run python src/digits/mian.py', { script: 'src/digits/mian.py', meant: 'src/digits/main.py' }],
    ['echo hi && bash jobs/rnu.sh', { script: 'jobs/rnu.sh', meant: 'jobs/run.sh' }],
    ['sh nothing-like-it.sh', { script: 'nothing-like-it.sh', meant: null }],
  ])('%s: is not there', (command, found) => {
    expect(missing(command)).toEqual(found);
  });

  test.each([
    'python train.py',
    'python ./train.py',
    // The Dockerfile may copy it to where the image works.
    'python main.py',
    'python -m digits.trian',
    "bash -c 'python trian.py'",
    'python $SCRIPT',
    'python /opt/tools/trian.py',
    'cd src && python trian.py',
    'printf "x" > trian.py; python trian.py',
    'curl -O https://example.org/trian.py && python trian.py',
    'python --config=trian.py train.py',
    './train',
    '',
  ])('%s: nothing is known to be missing', (command) => {
    expect(missing(command)).toBeNull();
  });

  test('is looked for below the context', () => {
    expect(missing('python evla.py', 'ctx')).toEqual({ script: 'evla.py', meant: 'eval.py' });
    expect(missing('python eval.py', 'ctx')).toBeNull();
  });
});
