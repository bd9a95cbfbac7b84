/** How many deliveries of a project are kept, and what is said of a commit whose delivery is not any more. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { deliveryOf, newDelivery } from '../../../src/server/hooks/receive.ts';
import { openDatabase } from '../../../src/server/store/database.ts';
import { openSqliteStore, type SqliteStore } from '../../../src/server/store/sqlite.ts';
import type { NewDelivery } from '../../../src/server/store/tables/deliveries.ts';
import type { StoredProject } from '../../../src/server/store/tables/projects.ts';

const NOW = new Date('2026-05-01T12:00:00.000Z');
const KEPT = 5000;

let folder: string;
let store: SqliteStore;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aichor-deliveries-'));
  store = await opened();
  for (const name of ['quiet', 'busy']) store.projects.put(project(name));
});
afterAll(async () => {
  store.close();
  await rm(folder, { recursive: true, force: true });
});

function opened(): Promise<SqliteStore> {
  return openSqliteStore({
    file: join(folder, 'store.sqlite'),
    now: () => NOW,
    onChange: () => undefined,
    isWatched: () => false,
  });
}

function project(name: string): StoredProject {
  return {
    ...{ id: name, name, repository: null, branches: [], engines: ['local'], default_engine: null },
    ...{ allow_local_repository: false, allow_inner_addresses: false, manifest_root: null, host_keys: [] },
    quotas: { running: null, gpus: null, stored_gb: null },
    ...{ retention_s: null, commit_status: null, variables: [] },
    ...{ git: { kind: 'none', public_key: null }, created_at: NOW.toISOString(), created_by: null },
  };
}

const sha = (number: number) => String(number).padStart(40, '0');

function ofCommit(number: number, decision: 'ignored' | 'queued' = 'ignored'): NewDelivery {
  const push = {
    ...{ ref: 'refs/heads/main', branch: 'main', before: null, after: sha(number) },
    ...{ created: false, message: null, listed: null },
  };
  return newDelivery(
    deliveryOf(NOW, { provider: 'github', request: null, decision, why: 'as it was told', push }),
    push,
  );
}

const some = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => ofCommit(from + at));

it('are kept of each project by itself, and those that wait are', () => {
  const { deliveries } = store;
  deliveries.add('quiet', some(0, 10));
  deliveries.add('busy', [ofCommit(0, 'queued'), ...some(1, KEPT + 200)]);
  deliveries.add('quiet', some(10, 110));
  expect(deliveries.list('quiet', 10_000)).toHaveLength(110);
  const ofBusy = deliveries.list('busy', 10_000);
  expect(ofBusy.length).toBeGreaterThanOrEqual(KEPT);
  expect(ofBusy.length).toBeLessThanOrEqual(KEPT + 100);
  expect(ofBusy.at(-1)).toMatchObject({ decision: 'queued', commit: sha(0) });
});

it('a commit that was decided upon says so also when its delivery is gone', () => {
  const { deliveries } = store;
  deliveries.markJudged('busy', [sha(9_999_999)]);
  const why = (number: number) => deliveries.add('busy', [ofCommit(number)])[0]?.why;
  expect(why(1)).toBe('its commit was decided upon already, by a delivery that is no longer kept');
  expect(why(KEPT)).toMatch(/^its commit was decided upon already: ignored \(delivery \w+\)$/);
  expect(why(9_999_999)).toBe('its commit was there before the project');
});

it('of a project that gets few go with time, and those that wait stay', () => {
  const { deliveries } = store;
  const after = new Date(NOW.getTime() + 1).toISOString();
  deliveries.expire(NOW.toISOString());
  expect(deliveries.list('quiet', 10_000)).toHaveLength(110);
  deliveries.expire(after);
  expect(deliveries.list('quiet', 10_000)).toEqual([]);
  expect(deliveries.list('busy', 10_000)).toEqual([expect.objectContaining({ decision: 'queued' })]);
  expect(deliveries.isJudged('quiet', sha(5))).toBe(true);
});

it('go with time although one of them is damaged', async () => {
  const two = [ofCommit(60_003, 'queued'), ofCommit(60_004, 'queued')];
  store.deliveries.add('quiet', [...some(60_000, 60_003), ...two]);
  const damaging = await openDatabase(join(folder, 'store.sqlite'), { timeoutMs: 5000 });
  const damage =
    "UPDATE deliveries SET document = '{' WHERE number = (SELECT max(number) FROM deliveries) - ?";
  for (const back of [0, 2]) damaging.prepare(damage).run(back);
  damaging.close();
  expect(store.deliveries.list('quiet', 10)).toHaveLength(3);
  const waits = store.deliveries.queued().filter(({ project: name }) => name === 'quiet');
  expect(waits.map(({ push }) => push.after)).toEqual([sha(60_003)]);
  store.deliveries.expire(new Date(NOW.getTime() + 1).toISOString());
  expect(store.deliveries.list('quiet', 10)).toHaveLength(1);
  expect(store.deliveries.isJudged('quiet', sha(60_001))).toBe(true);
});

it('are looked through soon after each start, however few come between two', async () => {
  store.deliveries.add('busy', some(20_000, 20_000 + KEPT + 40));
  for (let start = 0; start < 3; start++) {
    store.close();
    store = await opened();
    store.deliveries.add('busy', some(40_000 + start * 10, 40_005 + start * 10));
    expect(store.deliveries.list('busy', 10_000).length).toBeLessThanOrEqual(KEPT + 10);
  }
});
