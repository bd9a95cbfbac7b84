import { afterEach, beforeEach, expect, test } from 'vitest';
import { createFakeEngine, type FakeRun } from '../fakes/fake-engine.ts';
import { createTestPlane, FILES, type TestPlane } from './control-plane.ts';

let t: TestPlane;
let snapshot: string;
const runs: FakeRun[] = [];

beforeEach(async () => {
  runs.length = 0;
  t = await createTestPlane({ engine: createFakeEngine({ onRun: (run) => runs.push(run) }) });
  snapshot = await t.snapshot(FILES);
});
afterEach(() => t.close());

const POINTS = [{ LR: '0.1' }, { LR: '0.2' }, { LR: '0.3' }];
const submit = (more: object = {}) =>
  t.call('POST', '/sweeps', { name: 's', source: { kind: 'local', snapshot }, points: POINTS, ...more });
const all = async () => (await t.call('GET', '/experiments?limit=1000')).body.experiments;
const madeOf = ({ body }: { body: { experiments: { created: boolean; point: object; repeat: number }[] } }) =>
  body.experiments.filter(({ created }) => created).map(({ point, repeat }) => ({ ...point, repeat }));

test('a sweep is every point as often as it is asked for, with its place in the record and the variables', async () => {
  const secrets = { TOKEN: 'x' };
  const { status, body } = await submit({ repeat: 2, env: { A: '1' }, secrets, message: 'lr {LR} {repeat}' });
  expect(status).toBe(201);
  expect(body.experiments).toHaveLength(6);
  expect(body.experiments[4]).toMatchObject({ point: { LR: '0.2' }, index: 2, repeat: 2, created: true });
  const { body: record } = await t.call('GET', `/experiments/${body.experiments[4].experiment_id}`);
  expect(record).toMatchObject({
    message: 'lr 0.2 2',
    env: { A: '1', LR: '0.2' },
    secrets: ['TOKEN'],
    sweep: { name: 's', point: { LR: '0.2' }, index: 2, repeat: 2 },
  });
  const env = t.plane.store.submission(record.experiment_id)?.plan?.groups[0]?.env ?? [];
  expect(env.filter(({ name }) => name.startsWith('AICHOR_SWEEP')).map(({ source }) => source)).toEqual([
    { kind: 'literal', value: 's' },
    { kind: 'literal', value: '2' },
    { kind: 'literal', value: '2' },
  ]);
  expect((await t.plane.privateValues.read(record.experiment_id)).secrets).toEqual(secrets);
});

test('the same name again makes only what is missing, whoever asks at the same time', async () => {
  const answers = await Promise.all([submit(), submit(), submit()]);
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 201]);
  expect(await all()).toHaveLength(3);
  expect(new Set(answers.map(({ body }) => JSON.stringify(body.experiments.map(idOf)))).size).toBe(1);
  const more = await submit({ points: [{ LR: '0.4' }, ...POINTS], repeat: 2 });
  expect(madeOf(more)).toEqual([
    { LR: '0.4', repeat: 1 },
    { LR: '0.1', repeat: 2 },
    { LR: '0.2', repeat: 2 },
    { LR: '0.3', repeat: 2 },
    { LR: '0.4', repeat: 2 },
  ]);
  const { body } = await t.call('GET', '/sweeps/s');
  expect(body).toMatchObject({ points: 4, repeat: 2, missing: 0 });
  expect(body.experiments.map(({ index }: { index: number }) => index)).toEqual([1, 2, 3, 4, 1, 2, 3, 4]);
});

test('one point that cannot be, and none is there', async () => {
  const unfit = { 'spec.types.worker.count': 'many', LR: '0.4' };
  const { status, body } = await submit({ points: [...POINTS, unfit] });
  expect([status, body.error.code]).toEqual([422, 'manifest_invalid']);
  expect(body.error.message).toContain('count=many');
  expect(body.error.diagnostics[0]).toMatchObject({ path: 'spec.types.worker.count' });
  expect(await all()).toEqual([]);
  expect((await t.call('GET', '/sweeps')).body).toEqual({ sweeps: [] });
  for (const points of [[{ AICHOR_X: '1' }], [{ 'metadata.x': '1' }], [{ 'a b': '1' }], []])
    expect((await submit({ points })).status).toBeGreaterThanOrEqual(400);
  expect((await submit({ secrets: { LR: 'x' } })).body.error.code).toBe('usage');
  expect((await submit({ message: '{lr}' })).body.error.code).toBe('usage');
  expect(await all()).toEqual([]);
});

test('not more of it than it may have run at the same time, also after a restart of the server', async () => {
  await submit({ max_parallel: 2 });
  await expect.poll(() => runs.length).toBe(2);
  const waiting = (await all()).filter(({ status }: { status: string }) => status === 'Waiting');
  expect(waiting).toMatchObject([{ explanation: 'at most 2 of the sweep s at the same time' }]);
  // One that belongs to no sweep does not wait behind it.
  await t.call('POST', '/experiments', { source: { kind: 'local', snapshot } });
  await expect.poll(() => runs.length).toBe(3);
  await t.close();
  runs.length = 0;
  t = await createTestPlane({ data: t.data, engine: createFakeEngine({ onRun: (run) => runs.push(run) }) });
  await expect.poll(() => runs.length).toBe(3);
  const ofSweep = runs.find(({ context }) => t.plane.store.state(context.experimentId)?.record.sweep != null);
  ofSweep?.endWith('Succeeded');
  await expect.poll(() => runs.length).toBe(4);
});

test('what failed is made again when it is asked for; resuming takes all from what is kept', async () => {
  const { body } = await submit({ points: [...POINTS, { LR: '0.4', 'spec.types.worker.count': '1' }] });
  const ids: string[] = body.experiments.map(idOf);
  await expect.poll(() => runs.length).toBe(4);
  const run = (id: string) => runs.find(({ context }) => context.experimentId === id);
  run(ids[0] ?? '')?.endWith('Succeeded');
  for (const id of ids.slice(1)) run(id)?.endWith('Failed');
  for (const id of ids) await t.until(id, ({ ended }) => ended);
  expect(madeOf(await submit())).toEqual([]);
  expect(madeOf(await submit({ rerun: 'failed', points: POINTS.slice(0, 2) }))).toEqual([
    { LR: '0.2', repeat: 1 },
  ]);
  // Gone with its record: its point comes back, too.
  await t.call('POST', '/experiments/delete', { ids: [ids[3]] });
  expect((await t.call('GET', '/sweeps/s')).body).toMatchObject({
    missing: 1,
    missing_points: [{ index: 4 }],
  });
  const resumed = await t.call('POST', '/sweeps/s/resume', {});
  expect(madeOf(resumed)).toEqual([
    { LR: '0.3', repeat: 1 },
    { LR: '0.4', 'spec.types.worker.count': '1', repeat: 1 },
  ]);
  const last = await t.call('GET', `/experiments/${idOf(resumed.body.experiments[1])}`);
  expect(last.body).toMatchObject({ env: { LR: '0.4' }, resources: { pods: 1 }, source: { snapshot } });
  expect((await t.call('POST', '/sweeps/nothing/resume', {})).status).toBe(404);
});

test('lists, cancels and deletes by sweep; a sweep goes with its last experiment', async () => {
  await submit();
  await submit({ name: 'other', points: [{ A: '1' }] });
  expect((await t.call('GET', '/experiments?sweep=s')).body.experiments).toHaveLength(3);
  expect((await t.call('GET', '/sweeps')).body.sweeps.map(({ sweep }: { sweep: string }) => sweep)).toEqual([
    'other',
    's',
  ]);
  await expect.poll(() => runs.length).toBe(4);
  const { body } = await t.call('POST', '/experiments/cancel', { sweep: 's' });
  expect(body.experiments).toHaveLength(3);
  for (const { experiment_id: id } of body.experiments) await t.until(id, ({ ended }) => ended);
  expect((await t.call('POST', '/experiments/delete', { sweep: 's' })).body.experiments).toHaveLength(3);
  expect((await t.call('GET', '/sweeps/s')).status).toBe(404);
  expect(await all()).toMatchObject([{ sweep: { name: 'other' } }]);
});

test('gives the metrics that are asked for, of the last experiment of each point', async () => {
  const { body } = await submit();
  const metric = (last: number) => ({ last, step: 1, min: 0, max: last, time: null });
  const measured = { metrics: { acc: metric(0.5), loss: metric(2) }, progress: null };
  t.plane.store.measured(idOf(body.experiments[1]), () => measured);
  const get = async (query: string) => (await t.call('GET', `/sweeps/s${query}`)).body;
  expect(await get('')).toMatchObject({
    metric_names: ['acc', 'loss'],
    experiments: [{}, { metrics: {} }, {}],
  });
  expect((await get('?metric=acc')).experiments[1].metrics).toEqual({ acc: metric(0.5) });
  expect((await get('?metric=*')).experiments[1].metrics).toEqual(measured.metrics);
  expect((await t.call('GET', '/sweeps/s?metrics=acc')).status).toBe(400);
});

test('a name belongs to one project', async () => {
  await submit();
  const { status, body } = await submit({ project: 'another' });
  expect([status, body.error.code]).toEqual([409, 'conflict']);
});

function idOf(one: { experiment_id: string }): string {
  return one.experiment_id;
}
