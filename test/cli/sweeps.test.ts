import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { documentOf, errorOf, makeProgram, type Program } from './program.ts';

let program: Program;
beforeAll(() => {
  program = makeProgram('sweeps');
});
afterAll(() => program.close());

const aichor: Program['aichor'] = (...args) => program.aichor(...args);
const sweep = (...flags: string[]) => aichor(['experiments', 'sweep', ...flags]);
interface Points {
  experiments: { point: Record<string, string> }[];
}
const valuesOf = ({ experiments }: Points, name: string) => experiments.map(({ point }) => point[name]);
const experimentsOf = async (...flags: string[]) =>
  documentOf(await aichor(['experiments', 'list', ...flags])).experiments;

it('runs every point, says which failed, and makes those again that are asked for', async () => {
  const grid = ['--grid', 'CODE=0,3', '--grid', 'RATE=1,2', '--name', 'first'];
  const made = await sweep(...grid, '--message', 'rate {RATE}', '--wait');
  expect(made.code, made.stderr).toBe(8);
  const { experiments } = documentOf(made);
  expect(experiments).toHaveLength(4);
  for (const { env, status, message, sweep: place } of experiments) {
    expect(status).toBe(env.CODE === '0' ? 'Succeeded' : 'Failed');
    expect(message).toBe(`rate ${env.RATE}`);
    expect(place).toMatchObject({ name: 'first', point: env, repeat: 1 });
  }
  const again = await sweep(...grid);
  expect(documentOf(again)).toMatchObject({ sweep: 'first', upload: { sent_bytes: 0 } });
  expect(documentOf(again).experiments.map(({ created }: { created: boolean }) => created)).toEqual([
    false,
    false,
    false,
    false,
  ]);
  expect(again.stderr).toContain('nothing is missing');
  const failed = await sweep(...grid, '--rerun', 'failed', '--wait');
  expect(failed.code).toBe(8);
  expect(await experimentsOf('--sweep', 'first')).toHaveLength(6);
  // What was made again counts, not what it was before.
  const waited = await aichor(['experiments', 'wait', '--sweep', 'first']);
  expect(documentOf(waited).experiments).toHaveLength(4);
  const logs = await aichor(['experiments', 'logs', '--sweep', 'first']);
  expect(logs.stdout).toContain('rate 2');
  const { sweeps } = documentOf(await aichor(['sweeps', 'list']));
  const counts = { Succeeded: 2, Failed: 2 };
  expect(sweeps).toMatchObject([{ sweep: 'first', points: 4, repeat: 1, counts, missing: 0 }]);
  const resumed = documentOf(await aichor(['sweeps', 'resume', 'first']));
  expect(valuesOf(resumed, 'CODE')).toEqual(['3', '3']);
  expect((await aichor(['sweeps', 'wait', 'first'])).code).toBe(8);
  expect(documentOf(await aichor(['sweeps', 'get', 'first']))).toMatchObject({
    counts,
    best: null,
    left_s: null,
  });
  const more = { AICHOR_OUTPUT: 'table', COLUMNS: '100' };
  const page = await aichor(['sweeps', 'get', 'first'], { more });
  expect(page.stdout).toContain('4 of 4 ended');
  const csv = await aichor([
    'sweeps',
    'results',
    'first',
    '--output',
    'csv',
    '--columns',
    'CODE,RATE,status',
  ]);
  expect(csv.stdout).toBe('CODE,RATE,status\n0,1,succeeded\n0,2,succeeded\n3,1,failed\n3,2,failed\n');
  expect(errorOf(await aichor(['sweeps', 'results', 'first', '--columns', 'CDE'])).hint).toContain('CODE');
  const deleted = await aichor(['sweeps', 'delete', 'first']);
  expect(documentOf(deleted).experiments).toHaveLength(8);
  expect(documentOf(await aichor(['sweeps', 'list'])).sweeps).toEqual([]);
  expect(errorOf(await aichor(['experiments', 'wait', '--sweep', 'first'])).code).toBe('not_found');
});

it('cancels what waits and runs, as a whole', async () => {
  const held = await sweep(
    '--grid',
    'RATE=1,2,3',
    '--env',
    'HOLD=never',
    '--name',
    'held',
    '--max-parallel',
    '1',
  );
  expect(held.code, held.stderr).toBe(0);
  const cancelled = await aichor(['sweeps', 'cancel', 'held', '--wait']);
  expect(documentOf(cancelled).experiments.map(({ status }: { status: string }) => status)).toEqual([
    'Cancelled',
    'Cancelled',
    'Cancelled',
  ]);
  expect((await aichor(['sweeps', 'wait', 'held'])).code).toBe(9);
  expect(errorOf(await aichor(['sweeps', 'cancel', 'hold'])).hint).toContain('held');
});

it('changes the manifest at each point, typed; a mistake is told at its line and nothing is submitted', async () => {
  const before = await experimentsOf();
  const wrong = await sweep('--set', 'spec.types.worker.count=1,0.5');
  expect(wrong).toMatchObject({ code: 3, stdout: '' });
  expect(errorOf(wrong)).toMatchObject({
    code: 'manifest_invalid',
    message: expect.stringContaining('spec.types.worker.count=0.5'),
    diagnostics: [{ path: 'spec.types.worker.count', line: 9 }],
  });
  expect(errorOf(await sweep('--set', 'COUNT=1')).hint).toContain('--grid');
  expect(errorOf(await sweep('--grid', 'A=1', '--env', 'A=2')).code).toBe('usage');
  expect(errorOf(await sweep('--space', 'A=int:1:2')).hint).toContain('--random');
  expect(errorOf(await sweep('--random', '2')).hint).toContain('--space');
  expect(await experimentsOf()).toEqual(before);
  const made = documentOf(await sweep('--set', 'spec.types.worker.count=1,2', '--wait')).experiments;
  expect(made.map(({ resources }: { resources: { pods: number } }) => resources.pods)).toEqual([1, 2]);
});

it.each([
  ['--grid', ['--grid', 'VCS_SHA=1']],
  ['--grid', ['--grid', 'VCS_SHA=1', '--commit-sha', 'HEAD']],
  ['--list', ['--list', '-']],
  ['--space', ['--random', '1', '--space', 'VCS_SHA=int:1:9']],
])('a name that cannot be given is told with %s, which gave it', async (flag, given) => {
  const refused = await aichor(['experiments', 'sweep', ...given], { stdin: 'VCS_SHA\n1\n' });
  expect(refused).toMatchObject({ code: 3, stdout: '' });
  expect(errorOf(refused)).toMatchObject({
    message: `${flag}: VCS_SHA is set by aichor itself and cannot be given`,
    hint: expect.stringContaining(`take it out of ${flag},`),
  });
});

it('a dry run tells every experiment and makes none; drawn points are the same each time', async () => {
  const before = await experimentsOf();
  const flags = ['--random', '5', '--space', 'LR=log:1e-4:1e-1', '--seed', '7', '--repeat', '2', '--dry-run'];
  const [first, second] = [documentOf(await sweep(...flags)), documentOf(await sweep(...flags))];
  expect(first.points).toHaveLength(10);
  expect(first.points).toEqual(second.points);
  expect(first).toMatchObject({
    pods: 10,
    manifest_path: 'manifest.yaml',
    snapshot: expect.stringMatching(/^sha256:/),
  });
  expect(await experimentsOf()).toEqual(before);
});

it('takes points from stdin, and a commit instead of the directory', async () => {
  const stdin = 'RATE,HIDDEN\n5,8\n6,\n';
  const listed = await aichor(['experiments', 'sweep', '--list', '-', '--quiet', '--wait'], { stdin });
  expect(listed.code, listed.stderr).toBe(0);
  expect(listed.stdout.trim().split('\n')).toHaveLength(2);
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b.example', ...args], {
      cwd: program.repo,
    });
  git('init', '--quiet', '--initial-branch=main');
  git('add', '.');
  git('commit', '--quiet', '--message=one');
  git('remote', 'add', 'origin', program.repo);
  writeFileSync(join(program.repo, 'main.sh'), 'exit 1\n');
  const made = await sweep('--grid', 'RATE=1,2', '--commit-sha', 'HEAD', '--name', 'commit', '--wait');
  expect(made.code, made.stderr).toBe(0);
  for (const { source } of documentOf(made).experiments)
    expect(source).toMatchObject({ kind: 'commit', commit_sha: expect.stringMatching(/^[0-9a-f]{40}$/) });
  const again = await sweep('--grid', 'RATE=1,2', '--name', 'commit', '--commit-sha', 'HEAD');
  expect(valuesOf(documentOf(again), 'RATE')).toEqual(['1', '2']);
});
