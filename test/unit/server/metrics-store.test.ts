import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { listQuery } from '../../../src/api/contract.ts';
import type { Metric, MetricValue } from '../../../src/experiment/record.ts';
import type { ExperimentState } from '../../../src/experiment/state.ts';
import { openDatabase } from '../../../src/server/store/database.ts';
import type { Measured } from '../../../src/server/store/tables/measured.ts';
import { openSqliteStore } from '../../../src/server/store/sqlite.ts';
import type { ExperimentStore } from '../../../src/server/store/store.ts';
import { NEW } from '../experiment/facts.ts';

let folder: string;
let store: ExperimentStore;
let changed: ExperimentState[];
let isWatched = true;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aichor-metrics-store-'));
  changed = [];
  isWatched = true;
  store = await open();
});

afterEach(async () => {
  store.close();
  await rm(folder, { recursive: true, force: true });
});

function open(): Promise<ExperimentStore> {
  const file = join(folder, 'store.sqlite');
  return openSqliteStore({
    file,
    now: () => new Date(NEW.created_at),
    onChange: (state) => changed.push(state),
    isWatched: () => isWatched,
  });
}

const idOf = (number: number) => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;

function create(number: number, labels: Record<string, string> = {}): string {
  const experiment = { ...NEW, experiment_id: idOf(number), labels };
  const submission = { manifest: '', plan: null, keep: false, vcs: {} };
  store.create([{ experiment, submission, facts: [], idempotency: null }]);
  return idOf(number);
}

function valued(last: MetricValue): Metric {
  return { last, step: 1, min: null, max: null, time: null };
}

function measured(id: string, last: MetricValue, name = 'loss'): void {
  store.measured(id, () => ({ metrics: { [name]: valued(last) }, progress: null }));
}

function pages(sort: string, limit: number, conditions: object = {}): string[] {
  const ids: string[] = [];
  let cursor: string | undefined;
  do {
    const page = store.list(listQuery.parse({ ...conditions, sort, limit, cursor }));
    expect(page.experiments.length).toBeLessThanOrEqual(limit);
    ids.push(...page.experiments.map((each) => each.experiment_id));
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined);
  return ids;
}

test('metrics are part of the record, are told, and are there after a start', async () => {
  const id = create(1);
  changed = [];
  const progress = { step: 3, total_steps: 10 };
  store.measured(id, () => ({ metrics: { loss: valued(0.5), __proto__x: valued('NaN') }, progress }));
  measured(id, 0.25, 'old');
  measured(id, 0.25);
  const metrics = { loss: valued(0.25) };
  expect(changed.at(-1)?.record.metrics).toEqual(metrics);
  store.close();
  store = await open();
  expect(store.state(id)?.record).toMatchObject({ metrics });
  expect(store.list(listQuery.parse({})).experiments[0]).toMatchObject({ metrics });
  expect(pages('metric.old', 5)).toEqual([id]);
});

test('an ended experiment takes its last values; one that was deleted is passed over', () => {
  const [ended, gone] = [create(1), create(2)];
  store.append(ended, [{ type: 'ended' }]);
  store.remove(gone);
  for (const id of [gone, ended])
    store.measured(id, () => ({ metrics: { loss: valued(1) }, progress: null }));
  expect(store.state(ended)?.record.metrics).toEqual({ loss: valued(1) });
  store.remove(ended);
  expect(pages('metric.loss', 5)).toEqual([]);
});

test('what changes often is put together when it is asked for, and told in the record, lists and to those who watch', () => {
  const id = create(1);
  isWatched = false;
  let last = 0;
  const measure = vi.fn<() => Measured>(() => ({ metrics: { loss: valued(last) }, progress: null }));
  for (last = 1; last < 9; last++) store.measured(id, measure);
  expect(measure).not.toHaveBeenCalled();
  expect(store.state(id)?.record.metrics).toEqual({ loss: valued(9) });
  expect(store.list(listQuery.parse({})).experiments[0]?.metrics).toEqual({ loss: valued(9) });
  measure.mockClear();
  expect(store.append(id, [{ type: 'notice', code: 'c', message: 'm' }]).record.metrics).toEqual({
    loss: valued(9),
  });
  expect(measure).not.toHaveBeenCalled();
  isWatched = true;
  store.measured(id, measure);
  expect(changed.at(-1)?.record.metrics).toEqual({ loss: valued(9) });
});

test('lists in the order of a metric: numbers first, then the others, newest first, whatever the page', () => {
  const values: (MetricValue | null)[] = [3, 'NaN', -1, null, 'Infinity', 2, '-Infinity', 2, null];
  for (const [number, value] of values.entries()) {
    const id = create(number, { parity: String(number % 2) });
    measured(id, 7, 'other');
    if (value !== null) measured(id, value);
  }
  const order = (numbers: number[]) => numbers.map(idOf);
  for (const limit of [1, 2, 3, 100]) {
    expect(pages('metric.loss', limit)).toEqual(order([6, 2, 5, 7, 0, 4, 8, 3, 1]));
    expect(pages('-metric.loss', limit)).toEqual(order([4, 0, 7, 5, 2, 6, 8, 3, 1]));
    expect(pages('metric.loss', limit, { label: 'parity=1' })).toEqual(order([5, 7, 3, 1]));
    expect(pages('metric.none', limit)).toEqual(order([8, 7, 6, 5, 4, 3, 2, 1, 0]));
  }
});

test('a value that goes is found at its new place only', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(4), fc.integer({ min: -9, max: 9 })), { maxLength: 12 }),
      (changes) => {
        for (const id of store.ids({})) store.remove(id);
        for (let number = 0; number <= 4; number++) create(number);
        const last = new Map<number, number>();
        for (const [number, value] of changes) {
          measured(idOf(number), value / 8);
          last.set(number, value);
        }
        const withNumber = [...last].sort((a, b) => a[1] - b[1] || a[0] - b[0]).map(([number]) => number);
        const without = [4, 3, 2, 1, 0].filter((number) => !last.has(number));
        expect(pages('metric.loss', 2)).toEqual([...withNumber, ...without].map(idOf));
      },
    ),
    { numRuns: 10 },
  );
});

test('orders and cursors that are not of this list are refused', () => {
  for (const sort of ['loss', 'metric.', '+metric.loss'])
    expect(() => store.list(listQuery.parse({ sort }))).toThrow(expect.objectContaining({ code: 'usage' }));
  for (const text of ['before 3', 'metric [1,2', 'metric ["x",1]', 'metric [1e,5]']) {
    const cursor = Buffer.from(text).toString('base64url');
    expect(() => store.list(listQuery.parse({ sort: 'metric.loss', cursor }))).toThrow(
      expect.objectContaining({ code: 'usage' }),
    );
  }
});

test('the order comes from the index: no table is sorted', async () => {
  const database = await openDatabase(join(folder, 'store.sqlite'), { timeoutMs: 1000 });
  const plan = database
    .prepare(
      'EXPLAIN QUERY PLAN SELECT number, summary, m.last FROM metrics m CROSS JOIN experiments USING (number) WHERE m.name = ? AND m.last IS NOT NULL ORDER BY m.last DESC, m.number DESC LIMIT 5',
    )
    .all('loss')
    .map((row) => String(Object(row).detail));
  database.close();
  expect(plan.join('\n')).toContain('metrics_last');
  expect(plan.join('\n')).not.toContain('TEMP B-TREE');
});
