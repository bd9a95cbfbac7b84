import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { AichorError } from '../../src/errors.ts';
import { BuildFailure } from '../../src/experiment/failure/failure.ts';
import { createFakeEngine, podFact, type FakeEngine } from '../fakes/fake-engine.ts';
import { createTestPlane, FILES, localSubmission, type TestPlane } from './control-plane.ts';

const open: TestPlane[] = [];
afterEach(async () => {
  for (const t of open.splice(0)) {
    await t.close();
    await rm(t.data, { recursive: true, force: true });
  }
});

async function start(engine: FakeEngine = createFakeEngine(), data?: string): Promise<TestPlane> {
  const t = await createTestPlane({ engine, ...(data !== undefined && { data }) });
  open.push(t);
  return t;
}

async function submit(t: TestPlane, more: object = {}): Promise<string> {
  const { status, body } = await t.call(
    'POST',
    '/experiments',
    localSubmission(await t.snapshot(FILES), more),
  );
  expect(status).toBe(201);
  return body.experiment_id;
}

const cancel = (t: TestPlane, ...ids: string[]) => t.call('POST', '/experiments/cancel', { ids });

/** The same state folder with a new server, as after a crash: the first one lets go without a word. */
async function restarted(t: TestPlane, engine: FakeEngine): Promise<TestPlane> {
  await t.close();
  open.splice(open.indexOf(t), 1);
  return start(engine, t.data);
}

describe('the queue', () => {
  test('admits in order what fits, and says what the others wait for', async () => {
    const t = await start(createFakeEngine({ capacity: { cpus: 4 } }));
    const ids = [await submit(t), await submit(t), await submit(t)];
    const [first = '', second = '', third = ''] = ids;
    const run = await t.engine.started(first);
    await t.until(
      third,
      ({ record }) => record.explanation === '1 experiment ahead of it; needs 4 of 4 CPUs',
    );
    expect(t.plane.store.state(second)?.record.explanation).toBe('next in the queue; needs 4 of 4 CPUs');
    run.endWith('Succeeded');
    (await t.engine.started(second)).endWith('Succeeded');
    (await t.engine.started(third)).endWith('Succeeded');
    await t.until(third, ({ ended }) => ended);
    expect(t.engine.order).toEqual(ids);
    const { body } = await t.call('GET', `/experiments/${third}`);
    expect(body.events.filter(({ type }: { type: string }) => type === 'progress')).toHaveLength(1);
  });

  test('takes 100 submits at once, and runs them all', async () => {
    const t = await start(
      createFakeEngine({ capacity: { max_experiments: 2 }, onRun: (run) => run.endWith('Succeeded') }),
    );
    const snapshot = await t.snapshot(FILES);
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        t.call('POST', '/experiments', localSubmission(snapshot, { message: `${index}` })),
      ),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    for (const { body } of answers) await t.until(body.experiment_id, ({ ended }) => ended);
    expect(new Set(t.engine.order).size).toBe(100);
    expect(t.plane.store.ids({}).map((id) => t.plane.store.state(id)?.record.status)).toEqual(
      Array(100).fill('Succeeded'),
    );
  });
});

describe('a cancel', () => {
  test('ends at once what waits, and lets the next one in', async () => {
    const t = await start(createFakeEngine({ capacity: { max_experiments: 1 } }));
    const [first, second, third] = [await submit(t), await submit(t), await submit(t)];
    const run = await t.engine.started(first);
    const { body } = await cancel(t, second);
    expect(body).toMatchObject({
      experiments: [{ experiment_id: second, status: 'Cancelled', step: 'wait', reason: 'CancelledByUser' }],
      errors: [],
    });
    run.endWith('Succeeded');
    (await t.engine.started(third)).endWith('Succeeded');
    await t.until(third, ({ ended }) => ended);
    expect(t.engine.order).toEqual([first, third]);
  });

  test('stops what is being built', async () => {
    const engine = createFakeEngine({
      build: ({ stop }) =>
        new Promise((_, reject) =>
          stop.addEventListener('abort', () => reject(new AichorError('experiment_cancelled', 'stopped'))),
        ),
    });
    const t = await start(engine);
    const id = await submit(t);
    await t.until(id, ({ record }) => record.step === 'build');
    expect((await cancel(t, id)).body.experiments).toMatchObject([
      { status: 'Building', explanation: 'being cancelled' },
    ]);
    const { record } = await t.until(id, ({ ended }) => ended);
    expect(record).toMatchObject({ status: 'Cancelled', step: 'build' });
    expect(engine.order).toEqual([]);
  });

  test('stops what runs; asked for twice it is recorded once; afterwards it is a conflict', async () => {
    const t = await start();
    const id = await submit(t);
    const run = await t.engine.started(id);
    run.emit({ type: 'attempt', attempt: 1, message: 'all pods' }, podFact('worker-0-0', 'Running'));
    await t.until(id, ({ record }) => record.step === 'run');
    const [first, second] = await Promise.all([cancel(t, id), cancel(t, id)]);
    expect([first.body.errors, second.body.errors]).toEqual([[], []]);
    const { record } = await t.until(id, ({ ended }) => ended);
    expect(record).toMatchObject({ status: 'Cancelled', step: 'run', reason: 'CancelledByUser' });
    expect(t.plane.store.events(id).filter(({ type }) => type === 'cancel_requested')).toHaveLength(1);
    expect((await cancel(t, id)).body).toMatchObject({ experiments: [], errors: [{ id, code: 'conflict' }] });
  });

  test('that comes when every pod had succeeded changes nothing', async () => {
    const t = await start();
    const id = await submit(t);
    const run = await t.engine.started(id);
    run.emit(podFact('worker-0-0', 'Succeeded'), podFact('worker-1-0', 'Succeeded'));
    await t.until(id, ({ record }) => record.pods.every(({ status }) => status === 'Succeeded'));
    await cancel(t, id);
    const { record } = await t.until(id, ({ ended }) => ended);
    expect(record.status).toBe('Succeeded');
  });

  test('by label and of all means what lives; an unknown id does not keep it from the others', async () => {
    const t = await start();
    const [a, b, done] = [
      await submit(t, { labels: { s: 'a' } }),
      await submit(t, { labels: { s: 'b' } }),
      await submit(t, { labels: { s: 'a' } }),
    ];
    (await t.engine.started(done)).endWith('Succeeded');
    await t.until(done, ({ ended }) => ended);
    const byLabel = await t.call('POST', '/experiments/cancel', { labels: ['s=a'] });
    expect(byLabel.body.experiments.map((each: { experiment_id: string }) => each.experiment_id)).toEqual([
      a,
    ]);
    const mixed = await cancel(t, 'ffffffff', b);
    expect(mixed.body).toMatchObject({
      experiments: [{ experiment_id: b }],
      errors: [{ id: 'ffffffff', code: 'not_found' }],
    });
    const two = await t.call('POST', '/experiments/cancel', { ids: [a], all: true });
    expect(two.body.error.code).toBe('usage');
  });
});

describe('a failure', () => {
  test('of the engine to build is the experiment’s, in its words', async () => {
    const engine = createFakeEngine({
      build: async () =>
        Promise.reject(
          new AichorError('experiment_failed', 'no such package: tourch', {
            hint: 'correct requirements.txt',
          }),
        ),
    });
    const t = await start(engine);
    const id = await submit(t);
    const { record } = await t.until(id, ({ ended }) => ended);
    expect(record).toMatchObject({
      status: 'Failed',
      step: 'build',
      reason: 'BuildFailed',
      explanation: 'no such package: tourch; correct requirements.txt',
    });
  });

  test('of a command of the build says how the log of this very experiment is read', async () => {
    const engine = createFakeEngine({
      build: async () => Promise.reject(new BuildFailure('line 2, RUN false, ended with exit code 1')),
    });
    const t = await start(engine);
    const id = await submit(t);
    const { record } = await t.until(id, ({ ended }) => ended);
    expect(record).toMatchObject({
      reason: 'BuildFailed',
      explanation: `line 2, RUN false, ended with exit code 1; the whole output: aichor experiments logs ${id.slice(0, 8)} --step build`,
    });
  });

  test('of the disk is called by its name', async () => {
    const engine = createFakeEngine({
      build: async () => Promise.reject(Object.assign(new Error('no space'), { code: 'ENOSPC' })),
    });
    const t = await start(engine);
    const id = await submit(t);
    const { record } = await t.until(id, ({ ended }) => ended);
    expect(record).toMatchObject({ status: 'Failed', reason: 'DiskFull' });
  });

  test('inside the engine ends the experiment: what still runs is stopped, and the log has the details', async () => {
    const t = await start();
    const id = await submit(t);
    const run = await t.engine.started(id);
    run.emit(podFact('worker-0-0', 'Running'));
    await t.until(id, ({ record }) => record.step === 'run');
    run.crash(new TypeError('undefined is not a function'));
    const { record } = await t.until(id, ({ ended }) => ended);
    expect(record).toMatchObject({ status: 'Failed', reason: 'EngineLost' });
    expect(record.pods.map(({ status }) => status)).toEqual(['Stopped', 'Stopped']);
    expect(t.engine.order).toEqual([id, id]);
    expect(t.logged).toEqual(
      expect.arrayContaining([expect.objectContaining({ err: expect.any(TypeError), experiment_id: id })]),
    );
  });
});

describe('after a restart', () => {
  test('everything is taken up where it was, in the old order', async () => {
    const before = await start(createFakeEngine({ capacity: { max_experiments: 1 } }));
    const [running, second, third] = [await submit(before), await submit(before), await submit(before)];
    const run = await before.engine.started(running);
    run.emit({ type: 'attempt', attempt: 1, message: 'all pods' }, podFact('worker-0-0', 'Running'));
    await before.until(running, ({ record }) => record.step === 'run');
    const after = await restarted(before, createFakeEngine({ capacity: { max_experiments: 1 } }));
    const again = await after.engine.started(running);
    expect(after.engine.builds).toEqual([]);
    again.emit({ type: 'attempt', attempt: 1, message: 'all pods' }, podFact('worker-0-0', 'Running'));
    again.endWith('Succeeded');
    (await after.engine.started(second)).endWith('Succeeded');
    (await after.engine.started(third)).endWith('Succeeded');
    await after.until(third, ({ ended }) => ended);
    expect(after.engine.order).toEqual([running, second, third]);
    const steps = after.plane.store.events(running).filter(({ type }) => type === 'step');
    expect(steps.map((event) => 'step' in event && event.step)).toEqual([
      'wait',
      'clone',
      'build',
      'build',
      'submit',
      'run',
    ]);
  });

  test('a cancel that was recorded is carried out', async () => {
    const before = await start();
    const id = await submit(before);
    await before.engine.started(id);
    before.plane.store.append(id, [{ type: 'cancel_requested', message: 'cancel requested' }]);
    const after = await restarted(before, createFakeEngine());
    const { record } = await after.until(id, ({ ended }) => ended);
    expect(record.status).toBe('Cancelled');
  });

  test('what an ended experiment left on disk is removed', async () => {
    const before = await start();
    const id = await submit(before);
    (await before.engine.started(id)).endWith('Succeeded');
    await before.until(id, ({ ended }) => ended);
    await expect.poll(() => before.plane.store.untidied()).toEqual([]);
    const other = await submit(before);
    before.plane.supervisor.cancel([other]);
    before.plane.store.append(other, [{ type: 'ended' }]);
    const after = await restarted(before, createFakeEngine());
    await expect.poll(() => after.plane.store.untidied()).toEqual([]);
  });
});

describe('resubmitting', () => {
  test('makes a new experiment from the same code, with what is given merged over, secrets carried on', async () => {
    const t = await start();
    const first = await submit(t, {
      env: { A: '1', B: '2' },
      secrets: { TOKEN: 'hunter2', OTHER: 'x' },
      labels: { s: 'a' },
      message: 'm',
    });
    const { status, body } = await t.call('POST', `/experiments/${first.slice(0, 8)}/resubmit`, {
      env: { B: '3', OTHER: 'plain' },
    });
    expect(status).toBe(201);
    expect(body).toMatchObject({
      resubmit_of: first,
      env: { A: '1', B: '3', OTHER: 'plain' },
      secrets: ['TOKEN'],
      labels: { s: 'a' },
      message: 'm',
      manifest_path: 'manifest.yaml',
    });
    expect((await t.engine.started(body.experiment_id)).context.secrets).toEqual({ TOKEN: 'hunter2' });
  });

  test('leaves out what is named, and refuses names that are not there', async () => {
    const t = await start();
    const first = await submit(t, { env: { DEBUG: '1' }, secrets: { TOKEN: 'x' }, labels: { sweep: 'a' } });
    const again = (body: object) => t.call('POST', `/experiments/${first}/resubmit`, body);
    const id = first.slice(0, 8);
    for (const [body, message, hint] of [
      [
        { drop_env: ['DEBGU'] },
        `experiment ${id} was given no variable or secret DEBGU`,
        'did you mean DEBUG?',
      ],
      [{ drop_env: ['X'] }, `experiment ${id} was given no variable or secret X`, 'it has DEBUG, TOKEN'],
      [{ drop_labels: ['sweeep'] }, `experiment ${id} has no label sweeep`, 'did you mean sweep?'],
    ] as const)
      expect(await again(body)).toMatchObject({
        status: 400,
        body: { error: { code: 'usage', message, hint } },
      });
    expect((await t.call('GET', '/experiments')).body.experiments).toHaveLength(1);
    const { body } = await again({ drop_env: ['DEBUG', 'TOKEN'], drop_labels: ['sweep'] });
    expect(body).toMatchObject({ env: {}, secrets: [], labels: {} });
    const bare = await t.call('POST', `/experiments/${body.experiment_id}/resubmit`, {
      drop_labels: ['sweep'],
    });
    expect(bare.body.error.hint).toBe('it has none: there is nothing to leave out');
  });

  test('is possible whatever became of the first; the same key gives the same one', async () => {
    const t = await start();
    const first = await submit(t);
    await t.engine.started(first);
    await cancel(t, first);
    await t.until(first, ({ ended }) => ended);
    const again = () => t.call('POST', '/experiments/latest/resubmit', { idempotency_key: 'r1' });
    const made = await again();
    expect(made.status).toBe(201);
    const repeated = await t.call('POST', `/experiments/${first}/resubmit`, { idempotency_key: 'r1' });
    expect(repeated).toMatchObject({ status: 200, body: { experiment_id: made.body.experiment_id } });
  });
});

describe('deleting', () => {
  test('removes record, log and private values of what has ended, and never its outputs unless told to', async () => {
    const t = await start();
    const [id, other] = [await submit(t), await submit(t)];
    for (const each of [id, other]) (await t.engine.started(each)).endWith('Succeeded');
    for (const each of [id, other]) await t.until(each, ({ ended }) => ended);
    const { output } = t.plane.store.state(id)?.record.paths ?? { output: '' };
    const { body } = await t.call('POST', '/experiments/delete', { ids: [id] });
    expect(body).toMatchObject({ experiments: [{ experiment_id: id }], errors: [] });
    expect((await t.call('GET', `/experiments/${id}`)).status).toBe(404);
    await expect(stat(join(t.data, 'experiments', id))).rejects.toMatchObject({ code: 'ENOENT' });
    expect((await stat(output)).isDirectory()).toBe(true);
    const otherOutput = t.plane.store.state(other)?.record.paths.output ?? '';
    await t.call('POST', '/experiments/delete', { all: true, outputs: true });
    await expect(stat(otherOutput)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('refuses what lives', async () => {
    const t = await start();
    const id = await submit(t);
    expect((await t.call('POST', '/experiments/delete', { ids: [id] })).body).toMatchObject({
      experiments: [],
      errors: [{ id, code: 'conflict' }],
    });
  });

  test('prune takes what ended long enough ago', async () => {
    const t = await start();
    const [done, live] = [await submit(t), await submit(t)];
    (await t.engine.started(done)).endWith('Failed');
    await t.until(done, ({ ended }) => ended);
    expect((await t.call('POST', '/experiments/prune', { older_than_s: 3600 })).body.experiments).toEqual([]);
    const pruned = await t.call('POST', '/experiments/prune', { older_than_s: 0 });
    expect(pruned.body.experiments.map((each: { experiment_id: string }) => each.experiment_id)).toEqual([
      done,
    ]);
    expect(t.plane.store.live()).toEqual([live]);
  });
});
