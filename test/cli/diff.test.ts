import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { documentOf, errorOf, makeProgram, type Program } from './program.ts';

let program: Program;
let first: string;
let second: string;

const aichor: Program['aichor'] = (...args) => program.aichor(...args);
const file = (name: string, content: string | Buffer) => writeFileSync(join(program.repo, name), content);
const submitted = async (...flags: string[]) => {
  const outcome = await program.submit('--quiet', '--wait', ...flags);
  return outcome.stdout.trim();
};

beforeAll(async () => {
  program = makeProgram('diff');
  file('old.txt', 'gone\n');
  file('data.bin', Buffer.from([0, 1]));
  file('train.py', 'rate = 1\nprint(rate)\n');
  first = await submitted('--env', 'RATE=1', '--label', 'pair=yes', '--message', 'same');
  rmSync(join(program.repo, 'old.txt'));
  file('data.bin', Buffer.from([0, 2]));
  file('train.py', 'rate = 2\nprint(rate)\n');
  mkdirSync(join(program.repo, 'lib'));
  file('lib/new.py', 'x = 1');
  const more = ['--env', 'RATE=2', '--env', 'CODE=3', '--label', 'pair=yes', '--message', 'same'];
  second = await submitted(...more, '--set', 'spec.types.worker.resources.memory=2');
});
afterAll(() => program.close());

it('tells what was given, what the files are, and what came of it', async () => {
  const { experiments, differences, files, patch } = documentOf(
    await aichor(['experiments', 'diff', first, second]),
  );
  expect(experiments).toEqual([first, second]);
  const told = differences.filter(({ name }: { name: string }) => name !== 'duration_s');
  expect(told).toEqual([
    { part: 'env', name: 'CODE', values: [null, '3'] },
    { part: 'env', name: 'RATE', values: ['1', '2'] },
    { part: 'manifest', name: 'spec.types.worker.resources.memory', values: [1, 2] },
    { part: 'result', name: 'exit_code.worker-0-0', values: [0, 3] },
    { part: 'result', name: 'reason', values: [null, 'NonZeroExit'] },
    { part: 'result', name: 'status', values: ['Succeeded', 'Failed'] },
  ]);
  const of = (change: string) =>
    files
      .filter((one: { change: string }) => one.change === change)
      .map(({ path }: { path: string }) => path);
  expect([of('added'), of('removed'), of('changed')]).toEqual([
    ['lib/new.py'],
    ['old.txt'],
    ['data.bin', 'train.py'],
  ]);
  expect(patch).toBeNull();
});

it('makes a patch that leads from one to the other', async () => {
  const { patch } = documentOf(await aichor(['experiments', 'diff', first, second, '--patch']));
  expect(patch).toContain('Binary files a/data.bin and b/data.bin differ');
  const folder = join(program.home, 'patched');
  mkdirSync(folder);
  writeFileSync(join(folder, 'train.py'), 'rate = 1\nprint(rate)\n');
  writeFileSync(join(folder, 'old.txt'), 'gone\n');
  execFileSync('git', ['apply', '-'], { cwd: folder, input: patch.replace(/^Binary.*\n/m, '') });
  expect(execFileSync('cat', ['train.py', 'lib/new.py'], { cwd: folder, encoding: 'utf8' })).toBe(
    'rate = 2\nprint(rate)\nx = 1',
  );
});

it('draws it for people', async () => {
  const more = { AICHOR_OUTPUT: 'table', COLUMNS: '100', NO_COLOR: '1' };
  const { stdout } = await aichor(['experiments', 'diff', first, second], { more });
  expect(stdout).toMatch(/^ +spec\.types\.worker\.resources\.memory +1 +2$/m);
  expect(stdout).toContain('  + lib/new.py');
  const { stdout: same } = await aichor(['experiments', 'diff', first, first, second], { more });
  expect(same).toBe(stdout);
});

it('compares a whole sweep, and what a label chooses; fewer than two are told', async () => {
  await aichor(['experiments', 'sweep', '--grid', 'RATE=1,2,3,4,5', '--name', 'rates', '--wait']);
  const { experiments, differences, files } = documentOf(
    await aichor(['experiments', 'compare', '--sweep', 'rates']),
  );
  expect(experiments).toHaveLength(5);
  expect(files).toEqual([]);
  expect(differences).toContainEqual({ part: 'env', name: 'RATE', values: ['1', '2', '3', '4', '5'] });
  const more = { AICHOR_OUTPUT: 'table', COLUMNS: '100', NO_COLOR: '1' };
  const { stdout } = await aichor(['experiments', 'compare', '--sweep', 'rates'], { more });
  expect(stdout).toMatch(/^ID +RATE/);
  const labelled = documentOf(await aichor(['experiments', 'compare', '--label', 'pair=yes']));
  expect(labelled.experiments.sort()).toEqual([first, second].sort());
  expect(errorOf(await aichor(['experiments', 'diff', first])).code).toBe('usage');
  expect(errorOf(await aichor(['experiments', 'diff', first, first])).code).toBe('usage');
  expect(errorOf(await aichor(['experiments', 'diff', first, second, experiments[0], '--patch'])).code).toBe(
    'usage',
  );
});
