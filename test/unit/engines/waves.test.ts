import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { PodPhase } from '../../../src/engines/local/pod/pod.ts';
import { duePods } from '../../../src/engines/local/run/start-pods.ts';
import { plannedPods } from '../../../src/experiment/plan/planned-pods.ts';
import { planOf, jobset } from '../../engine/house.ts';

type Types = Record<string, { count: number; completions?: number; parallelisms?: number }>;

function planned(types: Types) {
  const plan = planOf(jobset('true', types));
  return { plan, pods: plannedPods(plan) };
}

/** Runs a plan in the mind: `pick` says which of the live pods ends next. Each start is noted with who else was live. */
function simulate(types: Types, pick: (live: string[]) => string) {
  const { plan, pods } = planned(types);
  const phases = new Map<string, PodPhase>(pods.map((pod) => [pod.pod, 'waiting']));
  const starts: string[][] = [];
  for (;;) {
    const due = duePods(plan, pods, (pod) => phases.get(pod) ?? 'ended').map(({ pod }) => pod);
    for (const pod of due) phases.set(pod, 'live');
    if (due.length > 0) starts.push(due);
    const live = [...phases].flatMap(([pod, phase]) => (phase === 'live' ? [pod] : []));
    if (live.length === 0) return { starts, pods, plan };
    phases.set(pick(live), 'ended');
  }
}

const first = (live: string[]) => live[0] ?? '';
const last = (live: string[]) => live.at(-1) ?? '';

describe('which pods start when', () => {
  test('all jobs at once', () => {
    const { starts } = simulate({ master: { count: 1 }, worker: { count: 4 } }, first);
    expect(starts).toEqual([['master-0-0', 'worker-0-0', 'worker-1-0', 'worker-2-0', 'worker-3-0']]);
  });

  test('pods of a job one after the other, jobs by themselves', () => {
    const { starts } = simulate({ worker: { count: 2, completions: 3 } }, last);
    expect(starts).toEqual([
      ['worker-0-0', 'worker-1-0'],
      ['worker-1-1'],
      ['worker-1-2'],
      ['worker-0-1'],
      ['worker-0-2'],
    ]);
  });

  test('the next starts as one ends, whichever', () => {
    const { starts } = simulate({ p: { count: 1, completions: 5, parallelisms: 3 } }, last);
    expect(starts).toEqual([['p-0-0', 'p-0-1', 'p-0-2'], ['p-0-3'], ['p-0-4']]);
  });

  test('never more than may run, always as many as can, each once, in order', () => {
    const shape = fc.record({
      count: fc.integer({ min: 1, max: 3 }),
      completions: fc.integer({ min: 1, max: 5 }),
      parallelisms: fc.integer({ min: 1, max: 5 }),
    });
    fc.assert(
      fc.property(shape, shape, fc.infiniteStream(fc.nat()), (a, b, picks) => {
        const { starts, pods, plan } = simulate(
          { a, b },
          (live) => live[picks.next().value % live.length] ?? '',
        );
        expect(starts.flat().toSorted()).toEqual(pods.map(({ pod }) => pod).toSorted());
        for (const group of plan.groups) {
          for (let job = 0; job < group.replicas; job++) {
            const own = starts.flat().filter((pod) => pod.startsWith(`${group.name}-${job}-`));
            expect(own).toEqual(own.toSorted((x, y) => Number(x.split('-')[2]) - Number(y.split('-')[2])));
            const together = starts.map(
              (wave) => wave.filter((pod) => pod.startsWith(`${group.name}-${job}-`)).length,
            );
            expect(Math.max(...together)).toBeLessThanOrEqual(group.parallelism);
          }
        }
      }),
      { numRuns: 50 },
    );
  });
});
