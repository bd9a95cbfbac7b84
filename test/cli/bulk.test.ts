import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { documentOf, errorOf, makeProgram, type Program } from './program.ts';

let program: Program;
beforeAll(() => {
  program = makeProgram('bulk');
});
afterAll(() => program.close());

const aichor: Program['aichor'] = (...args) => program.aichor(...args);

async function submitted(...flags: string[]): Promise<string> {
  const { stdout } = await program.submit('--quiet', ...flags);
  return stdout.trim();
}
const idsOf = (document: { experiments: { experiment_id: string }[] }) =>
  document.experiments.map((experiment) => experiment.experiment_id);
const present = async () => idsOf(documentOf(await aichor(['experiments', 'list'])));

it('delete refuses a live one; with --wait it waits for its end first', async () => {
  const release = join(program.home, 'first');
  const id = await submitted('--env', `HOLD=${release}`);
  const refused = await aichor(['experiments', 'delete', id]);
  expect(refused).toMatchObject({ code: 6, stdout: '' });
  expect(errorOf(refused).code).toBe('conflict');
  const waiting = aichor(['experiments', 'delete', id, '--wait']);
  writeFileSync(release, '');
  const waited = await waiting;
  expect(waited.code).toBe(0);
  expect(documentOf(waited).experiments).toMatchObject([{ experiment_id: id, status: 'Succeeded' }]);
  expect(await present()).not.toContain(id);
});

it('delete by label takes what has ended; with --wait also what has not', async () => {
  const ended = await submitted('--label', 'sweep=d', '--wait');
  const release = join(program.home, 'second');
  const live = await submitted('--label', 'sweep=d', '--env', `HOLD=${release}`);
  const other = await submitted('--wait');
  const first = documentOf(await aichor(['experiments', 'delete', '--label', 'sweep=d']));
  expect(idsOf(first)).toEqual([ended]);
  writeFileSync(release, '');
  const second = documentOf(await aichor(['experiments', 'delete', '--label', 'sweep=d', '--wait']));
  expect(idsOf(second)).toEqual([live]);
  expect(await present()).toEqual([other]);
});

it('prune takes by age and label, and outputs only when it is told to', async () => {
  const [a, b] = [await submitted('--label', 'p=a', '--wait'), await submitted('--label', 'p=b', '--wait')];
  const record = documentOf(await aichor(['experiments', 'get', a]));
  const old = ['experiments', 'prune', '--older-than', '1d', '--label', 'p=a'];
  expect(idsOf(documentOf(await aichor(old)))).toEqual([]);
  const pruned = await aichor(['experiments', 'prune', '--label', 'p=a', '--older-than', '0s']);
  expect(idsOf(documentOf(pruned))).toEqual([a]);
  expect(existsSync(record.paths.output)).toBe(true);
  const other = documentOf(await aichor(['experiments', 'get', b]));
  expect(idsOf(documentOf(await aichor(['experiments', 'prune', '--label', 'p=b', '--outputs'])))).toEqual([
    b,
  ]);
  expect(existsSync(other.paths.output)).toBe(false);
});

it('prune --all leaves the live ones alone, unless it is told to wait for them', async () => {
  const release = join(program.home, 'third');
  const live = await submitted('--env', `HOLD=${release}`);
  expect(idsOf(documentOf(await aichor(['experiments', 'prune', '--all', '--yes'])))).not.toContain(live);
  writeFileSync(release, '');
  expect(idsOf(documentOf(await aichor(['experiments', 'prune', '--all', '--yes', '--wait'])))).toEqual([
    live,
  ]);
  expect(await present()).toEqual([]);
});

it('delete --wait takes what somebody cancels meanwhile', async () => {
  const id = await submitted('--env', 'HOLD=never');
  const second = aichor(['experiments', 'delete', id, '--wait']);
  const cancelled = await aichor(['experiments', 'cancel', id, '--wait']);
  expect(documentOf(cancelled).experiments).toMatchObject([{ status: 'Cancelled' }]);
  expect(documentOf(await second).experiments).toMatchObject([{ experiment_id: id, status: 'Cancelled' }]);
});

it('takes more ids than a server takes callers at once', async () => {
  const id = await submitted('--wait');
  const many = Array.from({ length: 450 }, (_value, index) => `deadbeef-${String(index).padStart(4, '0')}`);
  const outcome = await aichor(['experiments', 'wait', id, ...many]);
  expect(outcome.code).toBe(5);
  expect(documentOf(outcome).experiments).toMatchObject([{ experiment_id: id, status: 'Succeeded' }]);
});

it('resubmits into another project, and a dry run of it creates nothing', async () => {
  const id = await submitted('--env', 'RATE=1', '--wait');
  const before = await present();
  const dry = documentOf(
    await aichor(['experiments', 'resubmit', id, '--dry-run', '--env', 'RATE=2', '--project', 'other']),
  );
  const { source } = documentOf(await aichor(['experiments', 'get', id]));
  expect(dry).toMatchObject({
    manifest_path: 'manifest.yaml',
    snapshot: source.snapshot,
    files: null,
    plan: { engine: 'local', totals: { pods: 1 } },
  });
  const env = Object.fromEntries(
    dry.plan.pods[0].env.map(({ name, value }: { name: string; value: string }) => [name, value]),
  );
  expect(env['RATE']).toBe('2');
  expect(env['AICHOR_OUTPUT_PATH']).toContain('/outputs/other/');
  expect(await present()).toEqual(before);
  const again = await aichor(['experiments', 'resubmit', id, '--project', 'other', '--wait']);
  expect(documentOf(again)).toMatchObject({ project: 'other', resubmit_of: id, env: { RATE: '1' } });
});
