import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { listQuery, type ListQuery } from '../../../src/api/contract.ts';
import type { ExperimentFact } from '../../../src/experiment/event.ts';
import type { NewExperiment } from '../../../src/experiment/state.ts';
import type { OperatorName } from '../../../src/operators/table.ts';
import { isMeant } from '../../../src/server/store/conditions.ts';
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

let folder: string;
let store: ExperimentStore;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aichor-conditions-'));
  const now = () => new Date(TIMES[2] ?? '');
  store = await openSqliteStore({ file: join(folder, 'store.sqlite'), now, onChange: () => undefined });
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
        source: { kind: 'local', snapshot: null, repository: null, commit_sha: null, branch: null },
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
