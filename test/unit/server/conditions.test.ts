import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { listQuery, type ListQuery } from '../../../src/api/contract.ts';
import type { ExperimentFact } from '../../../src/experiment/event.ts';
import type { NewExperiment } from '../../../src/experiment/state.ts';
import type { OperatorName } from '../../../src/operators/table.ts';
import { storeSeenBy } from '../../../src/server/people/sight.ts';
import { isMeant, whereOfIds } from '../../../src/server/store/conditions.ts';
import { openDatabase, saveAs } from '../../../src/server/store/database.ts';
import { openSqliteStore } from '../../../src/server/store/sqlite.ts';
import type { ExperimentStore } from '../../../src/server/store/store.ts';

const TEXTS = ['', 'lr', 'LR sweep', '100%', 'a_b', 'axb', '\\', 'Ünder', 'ünder', "it's"];
const LABELS: Record<string, string>[] = [{}, { sweep: 'a' }, { sweep: 'b', gpu: 'x=y' }, { gpu: 'x=y' }];
const TIMES = ['2026-01-01T00:00:00.000Z', '2026-01-02T00:00:00.000Z', '2026-01-03T00:00:00.000Z'];
const OPERATORS: OperatorName[] = ['jobset', 'pytorch'];
const ENDS: ExperimentFact[][] = [
  [],
  [{ type: 'step', step: 'build', message: '' }],
  [{ type: 'failure', reason: 'BuildFailed', explanation: '' }, { type: 'ended' }],
];

const WHO = [null, 'anna', 'ben'];
const SHAS = [null, 'abcd1'.padEnd(40, '0'), 'abcd2'.padEnd(40, '0')];
const BRANCHES = [null, 'main', 'feature/*', 'Main'];

let folder: string;
let store: ExperimentStore;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aichor-conditions-'));
  const now = () => new Date(TIMES[2] ?? '');
  store = await openSqliteStore({
    file: join(folder, 'store.sqlite'),
    now,
    onChange: () => undefined,
    isWatched: () => false,
  });
  let number = 0;
  for (const message of TEXTS)
    for (const labels of LABELS) {
      number++;
      create(number, { message, labels, created_at: TIMES[number % 3] ?? '' });
    }
});

afterAll(async () => {
  store.close();
  await rm(folder, { recursive: true, force: true });
});

function create(number: number, given: Pick<NewExperiment, 'message' | 'labels' | 'created_at'>): void {
  store.create([
    {
      experiment: {
        ...given,
        experiment_id: `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`,
        operator: OPERATORS[number % 2] ?? null,
        engine: 'local',
        project: 'default',
        submitted_by: WHO[number % WHO.length] ?? null,
        source: {
          ...{ kind: 'commit', snapshot: null, repository: null },
          commit_sha: SHAS[number % SHAS.length] ?? null,
          branch: BRANCHES[number % BRANCHES.length] ?? null,
        },
        manifest_path: 'manifest.yaml',
        resubmit_of: null,
        env: {},
        secrets: [],
        paths: { input: '/', output: '/', tensorboard: null, workdir: null },
      },
      submission: { manifest: '', plan: null, keep: false, vcs: {} },
      facts: ENDS[number % ENDS.length] ?? [],
      idempotency: null,
    },
  ]);
}

const optional = <T>(values: readonly T[]) => fc.option(fc.constantFrom(...values), { nil: undefined });

test('a list and those who watch it mean the same experiments, whatever is asked', () => {
  const everything = store.list({ ...listQuery.parse({}), limit: 1000 }).experiments;
  expect(everything).toHaveLength(TEXTS.length * LABELS.length);
  const query: fc.Arbitrary<ListQuery> = fc.record({
    status: fc.subarray(['Waiting', 'Building', 'Failed', 'Succeeded'] as const),
    operator: optional(['jobset', 'pytorch', 'none']),
    project: optional(['default', 'other']),
    engine: optional(['local', 'none']),
    submitted_by: optional(['anna', 'ben', 'null', '']),
    branch: optional(['main', 'feature/*', 'feature/x']),
    commit: optional(['abcd', 'abcd1', 'abcd1'.padEnd(40, '0'), 'ffff']),
    label: fc.subarray(['sweep', 'sweep=a', 'sweep=b', 'gpu=x=y', 'toString', 'toString=1']),
    message: optional([...TEXTS, 'E', 'SWEEP', '%', '_']),
    since: optional(TIMES),
    limit: fc.constant(1000),
    cursor: fc.constant(undefined),
  });
  fc.assert(
    fc.property(query, (asked) => {
      const listed = store.list(asked).experiments.map(({ experiment_id }) => experiment_id);
      const meant = everything.filter((experiment) => isMeant(experiment, asked));
      expect(listed).toEqual(meant.map(({ experiment_id }) => experiment_id));
    }),
    { numRuns: 500 },
  );
});

test.each([
  [
    'an id, or what it begins with',
    { prefix: 'abc', projects: ['default'] },
    'sqlite_autoindex_experiments_1',
  ],
  ['those that live', { live: true }, 'experiments_live'],
])('%s is found by an index, not by reading all', async (_what, conditions, index) => {
  const database = await openDatabase(join(folder, 'store.sqlite'), { timeoutMs: 5000 });
  try {
    const { sql, values } = whereOfIds(conditions);
    const plan = database.prepare(`EXPLAIN QUERY PLAN SELECT id FROM experiments ${sql} ORDER BY number`);
    expect(JSON.stringify(plan.all(...values))).toContain(index);
  } finally {
    database.close();
  }
});

test('lists choose among what earlier versions wrote, and among records that are damaged', async () => {
  const file = join(folder, 'older.sqlite');
  const known = await openDatabase(join(folder, 'store.sqlite'), { timeoutMs: 5000 });
  saveAs(known, file);
  known.close();
  const older = await openDatabase(file, { timeoutMs: 5000 });
  older.exec('DROP TRIGGER experiments_facets; DROP TABLE facets; PRAGMA user_version = 8');
  older.close();
  const options = { file, now: () => new Date(0), onChange: () => undefined, isWatched: () => false };
  const opened = await openSqliteStore(options);
  const [first] = store.ids({});
  const damaging = await openDatabase(file, { timeoutMs: 5000 });
  damaging.prepare("UPDATE experiments SET summary = '{' WHERE id = ?").run(first ?? '');
  damaging.close();
  try {
    for (const query of [
      { project: 'default' },
      { submitted_by: 'anna' },
      { branch: 'main' },
      { commit: 'abcd1' },
    ]) {
      const page = listQuery.parse({ limit: 100, ...query });
      const ids = opened.list(page).experiments.map(({ experiment_id: id }) => id);
      expect(ids).toEqual(store.list(page).experiments.map(({ experiment_id: id }) => id));
      expect(ids).not.toEqual([]);
    }
    const again = listQuery.parse({ limit: 100, resubmit_of: first });
    expect(opened.list(again).experiments).toEqual([]);
  } finally {
    opened.close();
  }
});

test('whoever sees some projects finds theirs by what an id begins with, and no others', () => {
  const own = storeSeenBy(store, ['default']);
  const id = `00000000-0000-4000-8000-${'7'.padStart(12, '0')}`;
  expect(own.resolve(id)).toBe(id);
  expect(own.resolve(id.slice(0, -1) + '7')).toBe(id);
  for (const ref of [id, id.slice(0, 9), 'latest'])
    expect(() => storeSeenBy(store, ['other']).resolve(ref)).toThrow('there is no experiment');
  expect(() => own.resolve(id.slice(0, 12))).toThrow('several experiments begin with');
  for (const ref of ['00', 'zzz', `${id}0`, "0' OR 1"])
    expect(() => own.resolve(ref)).toThrow('there is no experiment');
});
