import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ExperimentFact } from '../../src/experiment/event.ts';
import { createHouse, jobset, lastOf, type House } from './house.ts';

let house: House;
beforeAll(async () => {
  house = await createHouse();
});
afterAll(() => house.leave());

interface Type {
  count: number;
  completions?: number;
  parallelisms?: number;
}

/** The 2D model of jobs and pods: shapes, and how many pods they make. */
const SCENARIOS: [string, Record<string, Type>, number][] = [
  ['one group, one job', { worker: { count: 1 } }, 1],
  ['one group, several jobs', { worker: { count: 4 } }, 4],
  ['two groups', { master: { count: 1 }, worker: { count: 4 } }, 5],
  [
    'two pods of a job at a time',
    { master: { count: 1 }, worker: { count: 4, completions: 2, parallelisms: 2 } },
    9,
  ],
  [
    'pods of a job one after the other',
    { master: { count: 1 }, worker: { count: 4, completions: 4, parallelisms: 1 } },
    17,
  ],
  ['a sweep', { trial: { count: 16 } }, 16],
  [
    'different pools',
    { coordinator: { count: 1 }, 'gpu-worker': { count: 4 }, 'cpu-worker': { count: 8 } },
    13,
  ],
  ['a hundred batches, four at a time', { processor: { count: 1, completions: 100, parallelisms: 4 } }, 100],
  [
    'parallel and sequential groups together',
    {
      preprocessor: { count: 4, completions: 4, parallelisms: 4 },
      evaluator: { count: 4, completions: 4, parallelisms: 1 },
    },
    32,
  ],
];

/** Most pods of one job that were running at the same time, going by the order of the facts. */
function mostAtOnce(facts: readonly ExperimentFact[], job: string): number {
  const live = new Set<string>();
  let most = 0;
  for (const fact of facts) {
    if (fact.type !== 'pod' || !fact.pod.startsWith(`${job}-`)) continue;
    if (fact.status === 'Running') live.add(fact.pod);
    else live.delete(fact.pod);
    most = Math.max(most, live.size);
  }
  return most;
}

describe.each(SCENARIOS)('%s', (_name, types, count) => {
  test('makes its pods, each once, each job at its pace and in order', async () => {
    const experiment = await house.submit(
      jobset(
        'echo $REPLICATED_JOB_NAME-$JOB_INDEX-$JOB_COMPLETION_INDEX $JOB_GLOBAL_INDEX/$GLOBAL_REPLICAS',
        types,
      ),
    );
    const facts = await experiment.run().done;
    const expected = Object.entries(types).flatMap(([name, { count: jobs, completions = 1 }]) =>
      Array.from(
        { length: jobs * completions },
        (_, index) => `${name}-${Math.floor(index / completions)}-${index % completions}`,
      ),
    );
    expect(expected).toHaveLength(count);
    const pods = lastOf(facts);
    expect(Object.keys(pods).sort()).toEqual(expected.toSorted());
    expect(Object.values(pods).every(({ status }) => status === 'Succeeded')).toBe(true);
    const jobs = Object.values(types).reduce((sum, type) => sum + type.count, 0);
    const printed = (await experiment.lines()).map(({ text, pod }) => ({ text, pod }));
    for (const { text, pod } of printed) expect(text).toMatch(new RegExp(`^${pod} \\d+/${jobs}$`));
    expect(printed).toHaveLength(count);
    for (const [name, { count: replicas, parallelisms = 1 }] of Object.entries(types)) {
      for (let job = 0; job < replicas; job++) {
        expect(mostAtOnce(facts, `${name}-${job}`)).toBeLessThanOrEqual(parallelisms);
        const started = facts.flatMap((fact) =>
          fact.type === 'pod' && fact.status === 'Running' && fact.pod.startsWith(`${name}-${job}-`)
            ? [Number(fact.pod.split('-').at(-1))]
            : [],
        );
        if (parallelisms === 1) expect(started).toEqual(started.toSorted((a, b) => a - b));
      }
    }
  });
});

test('pods that wait for each other all run: a gang starts together', async () => {
  const meet =
    'd=$AICHOR_OUTPUT_PATH; mkdir -p $d; touch $d/$HOSTNAME; while [ $(ls $d | wc -l) -lt 6 ]; do sleep 0.02; done';
  const facts = await (await house.submit(jobset(meet, { worker: { count: 6 } }))).run().done;
  expect(Object.values(lastOf(facts)).every(({ status }) => status === 'Succeeded')).toBe(true);
});
