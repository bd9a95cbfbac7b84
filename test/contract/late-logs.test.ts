/** Experiments that have ended while the last of what they printed is still on its way into the log. */
import { appendFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { createFakeEngine, podFact, type FakeEngine, type FakeRun } from '../fakes/fake-engine.ts';
import { createTestPlane, FILES, localSubmission, type TestPlane } from './control-plane.ts';

const open: TestPlane[] = [];
afterEach(async () => {
  for (const t of open.splice(0)) {
    await t.close();
    await rm(t.data, { recursive: true, force: true });
  }
});

const SOURCE = { step: 'run', pod: 'worker-0-0', attempt: 1, stream: null } as const;

async function start(engine: FakeEngine = createFakeEngine(), data?: string): Promise<TestPlane> {
  // What is left to it, it has carried out as if it were a run.
  engine.collect = (context) => engine.run(context);
  const t = await createTestPlane({ engine, ...(data !== undefined && { data }) });
  open.push(t);
  return t;
}

async function submit(t: TestPlane): Promise<string> {
  const { status, body } = await t.call('POST', '/experiments', localSubmission(await t.snapshot(FILES)));
  expect(status).toBe(201);
  return body.experiment_id;
}

/** One of which the control plane knows that it has ended, and whose engine reads logs. */
async function ended(t: TestPlane): Promise<{ id: string; run: FakeRun }> {
  const id = await submit(t);
  const run = await t.engine.started(id);
  const pods = ['worker-0-0', 'worker-1-0'].map((pod) => podFact(pod, 'Succeeded'));
  run.emit({ type: 'attempt', attempt: 1, message: 'starting' }, ...pods, { type: 'ended' });
  const { record } = await t.until(id, (state) => state.ended);
  expect(record).toMatchObject({ status: 'Succeeded', pods: [{ exit_code: 0 }, { exit_code: 0 }] });
  expect(record.ended_at).not.toBeNull();
  return { id, run };
}

async function print({ context: { logs } }: FakeRun, text: string): Promise<void> {
  await appendFile(await logs.file(SOURCE), text);
  await logs.appended([SOURCE]);
}

test.each([
  ['lines', '', 'late'],
  ['followed lines', 'follow=true', 'late'],
  ['text', 'text=true', 'worker-0-0 | early\nworker-0-0 | late\n'],
  ['raw bytes', 'raw=true&pod=worker-0-0', 'early\nlate\n'],
  ['the last line', 'tail=1', 'late'],
])('%s are given out when all of them are here', async (_what, query, expected) => {
  const t = await start();
  const { id, run } = await ended(t);
  await print(run, 'early\n');
  // Its head comes before anything is read.
  const answer = await t.stream(`/experiments/${id}/logs?${query}`);
  const text = answer.text();
  await print(run, 'late\n');
  run.endWith('Succeeded');
  expect(await text).toContain(expected);
});

test('who leafs through a log does not wait for it', async () => {
  const t = await start();
  const { id, run } = await ended(t);
  await print(run, 'early\n');
  expect((await t.call('GET', `/experiments/${id}/logs?limit=10`)).body).toContain('early');
  run.endWith('Succeeded');
});

test('who looks at a log is told whether more of it may come', async () => {
  const t = await start();
  const { id, run } = await ended(t);
  const isComing = async () => (await t.call('GET', `/experiments/${id}/logs/outline`)).body.is_coming;
  expect(await isComing()).toBe(true);
  run.endWith('Succeeded');
  await expect.poll(isComing).toBe(false);
});

test('what is found out meanwhile is added to the record, and nothing else is', async () => {
  const t = await start();
  const { id, run } = await ended(t);
  const before = t.plane.store.state(id)?.record;
  const notice = { code: 'log_incomplete', message: 'the end of a log may be missing' };
  run.emit({ type: 'progress', message: 'the cluster cannot be reached' }, { type: 'notice', ...notice });
  const { record } = await t.until(id, (state) => state.record.notices.length > 0);
  expect(record).toEqual({ ...before, notices: [notice] });
  run.crash(new Error('a bug'));
  const after = await t.until(id, (state) => state.record.notices.length > 1);
  expect(after.record).toMatchObject({ status: 'Succeeded', notices: [notice, { code: 'log_incomplete' }] });
  await expect.poll(() => t.plane.store.untidied()).toEqual([]);
});

test('metrics that were printed last are in the record', async () => {
  const t = await start();
  const { id, run } = await ended(t);
  await print(run, '{"metric": {"loss": 0.5, "step": 1}}\n');
  run.endWith('Succeeded');
  await t.plane.supervisor.logIsComing(id);
  expect(t.plane.store.state(id)?.record.metrics['loss']).toMatchObject({ last: 0.5 });
});

test('what is odd about metrics that were written last is a notice', async () => {
  const t = await start();
  const { id, run } = await ended(t);
  await appendFile(join(run.context.paths.output, 'metrics.jsonl'), '{"loss": 0.5, "st\n');
  run.endWith('Succeeded');
  await t.plane.supervisor.logIsComing(id);
  expect(t.plane.store.state(id)?.record.notices).toMatchObject([{ code: 'metrics_line_left_out' }]);
});

test('a server does not stay for logs that do not come', async () => {
  const t = await start();
  const { run } = await ended(t);
  const { isBusy } = t.plane.supervisor;
  const started = performance.now();
  const clock = vi.spyOn(performance, 'now');
  clock.mockReturnValue(started + 1000);
  expect(isBusy()).toBe(true);
  clock.mockReturnValue(started + 2 * 3600 * 1000);
  expect(isBusy()).toBe(false);
  clock.mockRestore();
  run.endWith('Succeeded');
});

test('it keeps no other from its turn', async () => {
  const t = await start(createFakeEngine({ capacity: { max_experiments: 1 } }));
  const { run } = await ended(t);
  const next = await submit(t);
  (await t.engine.started(next)).endWith('Succeeded');
  await t.until(next, (state) => state.ended);
  const inUse = async () => (await t.call('GET', '/engines')).body.engines[0].in_use.experiments;
  await expect.poll(inUse).toBe(0);
  expect(t.plane.supervisor.isBusy()).toBe(true);
  run.endWith('Succeeded');
});

test('deleted meanwhile, its engine is told to leave the rest', async () => {
  const t = await start();
  const { id, run } = await ended(t);
  const followed = (await t.stream(`/experiments/${id}/logs?follow=true`)).text();
  const { body } = await t.call('POST', '/experiments/delete', { ids: [id], outputs: false });
  expect(body.errors).toEqual([]);
  expect(run.context.detach.aborted).toBe(true);
  await followed;
  expect(t.plane.store.state(id)).toBeNull();
});

test('when it cannot be deleted, the rest is read all the same', async () => {
  const t = await start();
  const { id } = await ended(t);
  const { discard } = t.engine;
  t.engine.discard = async () => {
    t.engine.discard = discard;
    throw new Error('a bug');
  };
  const { status } = await t.call('POST', '/experiments/delete', { ids: [id], outputs: false });
  expect(status).toBe(500);
  const again = await t.engine.started(id);
  const text = (await t.stream(`/experiments/${id}/logs`)).text();
  await print(again, 'late\n');
  again.endWith('Succeeded');
  expect(await text).toContain('late');
  await expect.poll(() => t.plane.store.untidied()).toEqual([]);
});

test('the next server has the rest read that the last one left', async () => {
  const t = await start();
  const { id } = await ended(t);
  await t.close();
  open.splice(open.indexOf(t), 1);
  const engine = createFakeEngine();
  const next = await start(engine, t.data);
  const run = await engine.started(id);
  const text = (await next.stream(`/experiments/${id}/logs`)).text();
  await print(run, 'late\n');
  run.endWith('Succeeded');
  expect(await text).toContain('late');
  await expect.poll(() => next.plane.store.untidied()).toEqual([]);
});
