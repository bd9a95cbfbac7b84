/** Experiments with so many pods that they are not read again with each batch of facts. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { applyEvent, initialState } from '../../../../src/experiment/state.ts';
import { getExperiment, longExperiment } from '../../../../src/server/experiments/get.ts';
import { openDatabase } from '../../../../src/server/store/database.ts';
import { openSqliteStore } from '../../../../src/server/store/sqlite.ts';
import type { ExperimentStore } from '../../../../src/server/store/store.ts';
import { NEW, planned, pod } from '../../experiment/facts.ts';

const NAMES = Array.from({ length: 1000 }, (_, index) => `worker-${index}-0`);
const ID = NEW.experiment_id;
const SUBMISSION = { manifest: '', plan: null, keep: false, vcs: {} };

let folder: string;
let store: ExperimentStore;

const file = () => join(folder, 'store.sqlite');

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aichor-many-pods-'));
  store = await openSqliteStore({
    ...{ file: file(), now: () => new Date(NEW.created_at) },
    ...{ onChange: () => undefined, isWatched: () => false },
  });
  const facts = [planned(...NAMES)];
  store.create([{ experiment: NEW, submission: SUBMISSION, facts, idempotency: null }]);
  store.append(ID, [{ type: 'step', step: 'run', message: '' }]);
});

afterEach(async () => {
  store.close();
  await rm(folder, { recursive: true, force: true });
});

const statuses = () => store.state(ID)?.record.pods.map(({ status }) => status);
const running = (count: number) => NAMES.map((_, index) => (index < count ? 'Running' : 'Pending'));

test('their state is what their events fold to, after each batch and after the end', () => {
  const batches = [
    NAMES.map((name) => pod(name, 'Running')),
    NAMES.slice(0, 10).map((name) => pod(name, 'Succeeded', { exit_code: 0 })),
    [
      pod('worker-3-0', 'Failed'),
      pod('nobody-0-0', 'Failed'),
      pod('worker-999-0', 'Failed', { exit_code: 1 }),
    ],
    [{ type: 'attempt', attempt: 2, message: '' } as const, pod('worker-5-0', 'Running', { attempt: 2 })],
    [{ type: 'ended' } as const],
  ];
  for (const batch of batches) {
    const after = store.append(ID, batch);
    expect(store.state(ID)).toEqual(after);
    expect(after).toEqual(store.events(ID).reduce(applyEvent, initialState(NEW)));
  }
});

test('what did not come into the database is in no state', () => {
  store.append(
    ID,
    NAMES.slice(0, 2).map((name) => pod(name, 'Running')),
  );
  const lost = new Map([
    [ID, NAMES.map((name) => pod(name, 'Running'))],
    ['nobody', [pod('worker-0-0', 'Running')]],
  ]);
  expect(() => store.appendAll(lost)).toThrow('there is no experiment nobody');
  expect(statuses()).toEqual(running(2));
  store.append(ID, [pod('worker-2-0', 'Running')]);
  expect(statuses()).toEqual(running(3));
});

test('what another program made of the row counts', async () => {
  store.append(
    ID,
    NAMES.slice(0, 2).map((name) => pod(name, 'Running')),
  );
  const database = await openDatabase(file(), { timeoutMs: 5000 });
  database.exec(`UPDATE experiments SET pods = replace(pods, '"Running"', '"Unknown"')`);
  expect(statuses()?.slice(0, 3)).toEqual(['Unknown', 'Unknown', 'Pending']);
  database.exec(`UPDATE experiments SET pods = substr(pods, 1, length(pods) - 1)`);
  database.close();
  expect(statuses()).toEqual(running(2));
  expect(store.state(ID)?.record.notices).toMatchObject([{ code: 'record_mended' }]);
});

describe('the JSON of one that has ended', () => {
  const reading = () => ({ store, engines: new Map(), now: () => new Date(NEW.created_at) });
  const asObjects = () => JSON.stringify(getExperiment(reading(), ID));
  const change = async (sql: string) => {
    const database = await openDatabase(file(), { timeoutMs: 5000 });
    database.exec(sql);
    database.close();
  };

  function end(): void {
    store.append(ID, [...NAMES.map((name) => pod(name, 'Running')), { type: 'progress', message: '\n' }]);
    store.append(ID, [...NAMES.map((name) => pod(name, 'Failed', { exit_code: 1 })), { type: 'ended' }]);
  }

  test('is that of its record, whatever is said of it afterwards', () => {
    expect(longExperiment(reading(), ID)).toBeNull();
    end();
    expect(longExperiment(reading(), ID)).toBe(asObjects());
    store.annotate(ID, { labels: { kept: 'yes' }, note: null });
    store.remark(ID, { code: 'log_incomplete', message: 'é' });
    const usage = { cpu_s: 1 };
    store.measured(ID, () => ({ metrics: {}, progress: null, usage: () => Object(usage) }));
    const after = longExperiment(reading(), ID);
    expect(after).toBe(asObjects());
    expect(JSON.parse(after ?? '')).toMatchObject({
      labels: { kept: 'yes' },
      notices: [{ message: 'é' }],
      pods: NAMES.map(() => ({ usage })),
    });
  });

  test('leaves out an event that is damaged', async () => {
    end();
    await change(`UPDATE events SET event = substr(event, 1, 20) WHERE position = 7`);
    expect(longExperiment(reading(), ID)).toBe(asObjects());
  });

  test.each([
    ['pods', 'substr(pods, 1, length(pods) - 1)'],
    ['pods', `replace(pods, ',"usage":null', '')`],
    ['summary', `'{}'`],
    ['fold', `''`],
  ])('is made of objects where %s is %s', async (column, value) => {
    end();
    await change(`UPDATE experiments SET ${column} = ${value}`);
    expect(longExperiment(reading(), ID)).toBeNull();
    expect(JSON.parse(asObjects()).pods).toHaveLength(NAMES.length);
  });
});
