/** Logs of a project that keeps them for a limited time: what goes, what stays, what is told of it. */
import { existsSync } from 'node:fs';
import { appendFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { examine } from '../../src/server/doctor/examine.ts';
import { experimentFolder } from '../../src/server/process/folders.ts';
import { expireLogs } from '../../src/server/storage/retention.ts';
import { createFakeEngine } from '../fakes/fake-engine.ts';
import { createTestPlane, FILES, localSubmission, type TestPlane } from './control-plane.ts';

const HOUR_MS = 3600 * 1000;

let t: TestPlane;
let digest: string;
let time: number;

beforeEach(async () => {
  time = Date.parse('2026-06-30T12:00:00.000Z');
  t = await createTestPlane({ now: () => new Date(time) });
  digest = await t.snapshot(FILES);
  await make('short', 24 * 3600);
});
afterEach(async () => {
  await t.close();
  await rm(t.data, { recursive: true, force: true });
});

async function make(name: string, retention_s: number | null): Promise<void> {
  const { status } = await t.call('POST', '/projects', { name, engines: ['local'], retention_s });
  expect(status).toBe(201);
}

/** One that printed a line; it has ended unless said. */
async function experiment(project: string | null, { ends = true } = {}): Promise<string> {
  const { body } = await t.call('POST', '/experiments', { ...localSubmission(digest), project });
  const id: string = body.experiment_id;
  const run = await t.engine.started(id);
  const source = { step: 'run', pod: 'worker-0-0', attempt: 1, stream: 'stdout' } as const;
  await appendFile(await run.context.logs.file(source), 'hello\n');
  await run.context.logs.appended([source]);
  if (!ends) return id;
  run.endWith('Succeeded');
  await t.until(id, ({ ended }) => ended);
  await expect.poll(() => t.plane.store.untidied()).toEqual([]);
  return id;
}

const expire = (most?: number) => expireLogs(t.plane, most);
const logsOf = (id: string) => t.call('GET', `/experiments/${id}/logs`);
const hasFiles = (id: string) => existsSync(join(experimentFolder(t.plane.folders, id), 'logs'));
const audited = async () =>
  (await t.call('GET', '/audit')).body.events.filter(
    ({ deed }: { deed: string }) => deed === 'project.expire',
  );

test('go when their experiment ended longer ago; the record stays and says why there are none', async () => {
  const id = await experiment('short');
  time += 24 * HOUR_MS;
  expect(await expire()).toBe(false);
  expect((await logsOf(id)).body).toContain('hello');
  time += 1;
  expect(await expire()).toBe(false);
  expect(hasFiles(id)).toBe(false);
  const { status, body } = await logsOf(id);
  expect([status, body.error.code]).toEqual([404, 'not_found']);
  expect(body.error.message).toBe(
    `the log of experiment ${id} was removed at 2026-07-01T12:00:00.001Z: its project short keeps logs for a limited time`,
  );
  expect((await t.call('GET', `/experiments/${id}`)).body).toMatchObject({ status: 'Succeeded' });
  expect(await audited()).toEqual([
    expect.objectContaining({
      by: null,
      subject: 'short',
      details: expect.objectContaining({ experiments: [id] }),
    }),
  ]);
  expect(t.logged).toContainEqual(expect.objectContaining({ project: 'short', experiments: 1 }));
  expect((await examine(t.plane)).findings).toEqual([]);
  await expire();
  expect(await audited()).toHaveLength(1);
  expect((await t.call('POST', '/experiments/delete', { ids: [id] })).status).toBe(200);
});

test('stay where nothing limits them, and while the experiment runs', async () => {
  await make('for ever', null);
  const kept = [await experiment('for ever'), await experiment(null)];
  const live = await experiment('short', { ends: false });
  time += 10_000 * HOUR_MS;
  await expire();
  for (const id of [...kept, live]) {
    expect(hasFiles(id)).toBe(true);
    expect((await logsOf(id)).body).toContain('hello');
  }
  expect(await audited()).toEqual([]);
});

test('stay while somebody reads them', async () => {
  const id = await experiment('short');
  time += 25 * HOUR_MS;
  const gone = new AbortController();
  const log = await t.plane.logs.open(id);
  const reader = log.read({}, { follow: false, signal: gone.signal })[Symbol.asyncIterator]();
  const first = await reader.next();
  expect(Buffer.from(first.value).toString()).toContain('hello');
  await expire();
  expect(hasFiles(id)).toBe(true);
  await reader.return?.();
  await expire();
  expect(hasFiles(id)).toBe(false);
});

test('go in turns, the oldest end first', async () => {
  const ids: string[] = [];
  for (let made = 0; made < 3; made++) {
    ids.push(await experiment('short'));
    time += HOUR_MS;
  }
  time += 48 * HOUR_MS;
  expect(await expire(2)).toBe(true);
  expect(ids.map(hasFiles)).toEqual([false, false, true]);
  expect(await expire(2)).toBe(false);
  expect(ids.map(hasFiles)).toEqual([false, false, false]);
});

test('that were going when the server went are gone for everybody, and go after the next start', async () => {
  const id = await experiment('short');
  time += 25 * HOUR_MS;
  const failing = {
    ...t.plane.logs,
    remove: async () => Promise.reject(new Error('the disk does not answer')),
  };
  await expireLogs({ ...t.plane, logs: failing });
  expect(hasFiles(id)).toBe(true);
  await t.close();
  t = await createTestPlane({ data: t.data, engine: createFakeEngine(), now: () => new Date(time) });
  expect((await logsOf(id)).body.error.message).toContain('keeps logs for a limited time');
  await expire();
  expect(hasFiles(id)).toBe(false);
  expect(t.plane.store.expiry.pending()).toEqual([]);
  expect(await audited()).toHaveLength(1);
});

test('are told of by server status: what is used of what is allowed, what goes when, what went', async () => {
  await t.call('POST', '/projects/short', { quotas: { running: 2, gpus: 4, stored_gb: 1.5 } });
  const first = await experiment('short');
  await experiment('short', { ends: false });
  const use = async () =>
    (await t.call('GET', '/server')).body.projects.find(
      ({ project }: { project: string }) => project === 'short',
    );
  expect(await use()).toEqual({
    project: 'short',
    running: { used: 1, allowed: 2 },
    gpus: { used: 0, allowed: 4 },
    stored_bytes: { used: expect.any(Number), allowed: 1.5e9 },
    retention: {
      ...{ seconds: 24 * 3600, logs: 1, next_at: '2026-07-01T12:00:00.000Z', within_a_day: 0, last: null },
    },
  });
  time += HOUR_MS;
  expect((await use()).retention).toMatchObject({ logs: 1, within_a_day: 1 });
  time += 24 * HOUR_MS;
  await expire();
  expect(hasFiles(first)).toBe(false);
  expect((await use()).retention).toEqual({
    ...{ seconds: 24 * 3600, logs: 0, next_at: null, within_a_day: 0 },
    last: { time: new Date(time).toISOString(), logs: 1 },
  });
});
