import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { documentOf, errorOf, makeProgram, type Program } from './program.ts';

/** What is changed on the way (`--set`), and what is written on an experiment afterwards. */

let program: Program;
beforeAll(() => {
  program = makeProgram('changes', { TOKEN: 'hunter2' });
});
afterAll(() => program.close());

const aichor: Program['aichor'] = (...args) => program.aichor(...args);
const manifestOf = async (id: string) => (await aichor(['experiments', 'get', id, '--manifest'])).stdout;

it('a value of the manifest is changed for one run, and stays changed when that is submitted again', async () => {
  const file = readFileSync(join(program.repo, 'manifest.yaml'), 'utf8');
  const submitted = documentOf(
    await program.submit('--set', 'spec.types.worker.count=2', '--label', 'sweep=a', '--message', 'two'),
  );
  const id: string = submitted.experiment_id;
  const record = documentOf(await aichor(['experiments', 'get', id]));
  expect(record.pods).toHaveLength(2);
  expect(record.notices).toContainEqual({
    code: 'manifest_changed',
    message: 'the manifest was changed for this run: spec.types.worker.count=2',
  });
  expect(await manifestOf(id)).toBe(file.replace('count: 1', 'count: 2'));
  expect(readFileSync(join(program.repo, 'manifest.yaml'), 'utf8')).toBe(file);

  const again = await aichor([
    ...['experiments', 'resubmit', '--label', 'sweep', '--drop-label', 'sweep'],
    ...['--set', 'spec.types.worker.resources.cpus=0.5', '--message', 'half'],
  ]);
  const second = documentOf(await aichor(['experiments', 'get', documentOf(again).experiment_id]));
  expect(second).toMatchObject({
    message: 'half',
    labels: {},
    resubmit_of: id,
    resources: { pods: 2, cpus: 1 },
  });
});

it('variables and secrets of the first one can be left out when it is submitted again', async () => {
  const flags = ['--env', 'KEPT=1', '--env', 'DEBUG=1', '--secret', 'TOKEN'];
  const first = documentOf(await program.submit(...flags));
  expect(documentOf(await aichor(['experiments', 'get', first.experiment_id])).secrets).toEqual(['TOKEN']);
  const again = [
    'experiments',
    'resubmit',
    first.experiment_id,
    '--drop-env',
    'DEBUG',
    '--drop-env',
    'TOKEN',
  ];
  const dry = documentOf(await aichor([...again, '--dry-run']));
  expect(JSON.stringify(dry.plan)).toContain('KEPT');
  expect(JSON.stringify(dry.plan)).not.toMatch(/DEBUG|TOKEN/);
  const second = documentOf(await aichor(again));
  expect(documentOf(await aichor(['experiments', 'get', second.experiment_id]))).toMatchObject({
    env: { KEPT: '1' },
    secrets: [],
  });
  const anew = documentOf(await aichor([...again, '--env', 'DEBUG=2']));
  expect(documentOf(await aichor(['experiments', 'get', anew.experiment_id])).env).toEqual({
    KEPT: '1',
    DEBUG: '2',
  });
  for (const flag of ['--dry-run', '--json']) {
    const slip = ['experiments', 'resubmit', first.experiment_id, '--drop-env', 'DEBGU', flag];
    expect(errorOf(await aichor(slip))).toMatchObject({ code: 'usage', hint: 'did you mean DEBUG?' });
  }
});

it('a change that makes the manifest invalid is refused before anything is sent', async () => {
  const refused = await program.submit('--set', 'spec.types.worker.cuont=2');
  expect(refused.code).toBe(3);
  expect(errorOf(refused)).toMatchObject({ code: 'manifest_invalid', hint: 'did you mean "count"?' });
  const dry = documentOf(await program.submit('--set', 'spec.types.worker.count=3', '--dry-run'));
  expect(dry.plan.totals.pods).toBe(3);
  const [id] = documentOf(await aichor(['experiments', 'list'])).experiments;
  const again = await aichor(['experiments', 'resubmit', id.experiment_id, '--set', 'spec.operator=jax5']);
  expect(again.code).toBe(3);
  // The manifest of the directory is in order: to validate it would tell nothing.
  expect(errorOf(again).hint).toContain('correct the change');
  expect((await aichor(['experiments', 'resubmit'])).code).toBe(2);
});

it('labels and a note can be written when it has ended, and experiments are found by them', async () => {
  const { stdout } = await program.submit('--label', 'old=1', '--quiet', '--wait');
  const id = stdout.trim();
  const labelled = documentOf(await aichor(['experiments', 'label', id, 'kept=yes', 'old-']));
  expect(labelled.experiments).toMatchObject([{ experiment_id: id, labels: { kept: 'yes' } }]);
  await aichor(['experiments', 'note', id, 'good enough']);
  expect(documentOf(await aichor(['experiments', 'get', '--label', 'kept']))).toMatchObject({
    experiment_id: id,
    labels: { kept: 'yes' },
    note: 'good enough',
    status: 'Succeeded',
  });
  expect(documentOf(await aichor(['experiments', 'list', '--label', 'old=1'])).experiments).toEqual([]);
  const table = await aichor([
    'experiments',
    'list',
    '--columns',
    'id,note',
    '-l',
    'kept',
    '--output',
    'table',
  ]);
  expect(table.stdout).toContain('good enough');
  await aichor(['experiments', 'note', id, '']);
  expect(documentOf(await aichor(['experiments', 'get', id])).note).toBeNull();
  expect(errorOf(await aichor(['experiments', 'label', id]))).toMatchObject({ code: 'usage' });
  expect((await aichor(['experiments', 'label', 'abcdef', 'a=b'])).code).toBe(5);
});
