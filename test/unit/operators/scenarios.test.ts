import { describe, expect, test } from 'vitest';
import { planPeak, planTotals } from '../../../src/experiment/plan/totals.ts';
import { plannedPods } from '../../../src/experiment/plan/planned-pods.ts';
import type { PodType } from '../../../src/manifest/manifest.ts';
import { planManifest } from '../../../src/operators/plan.ts';
import { jobLanes, podsByWave } from '../../../src/render/local/waves.ts';
import { jobset, NO_SUBMISSION, podType } from './manifests.ts';

/** The documented examples of operator jobset: pods in rank order, pods by wave, how many run at once. */

interface Scenario {
  types: PodType[];
  pods: string[];
  waves: string[][];
  atOnce: number;
}

const range = (length: number) => Array.from({ length }, (_, index) => index);
const names = (type: string, jobs: number, indexes: number[] = [0]) =>
  range(jobs).flatMap((job) => indexes.map((index) => `${type}-${job}-${index}`));

const SCENARIOS: Record<string, Scenario> = {
  'one group, one job': {
    types: [podType('worker')],
    pods: ['worker-0-0'],
    waves: [['worker-0-0']],
    atOnce: 1,
  },
  'one group, several jobs': {
    types: [podType('worker', { count: 4 })],
    pods: names('worker', 4),
    waves: [names('worker', 4)],
    atOnce: 4,
  },
  'two groups': {
    types: [podType('master'), podType('worker', { count: 4 })],
    pods: ['master-0-0', ...names('worker', 4)],
    waves: [['master-0-0', ...names('worker', 4)]],
    atOnce: 5,
  },
  'two pods per job at once': {
    types: [podType('master'), podType('worker', { count: 4, completions: 2, parallelisms: 2 })],
    pods: ['master-0-0', ...names('worker', 4, [0, 1])],
    waves: [['master-0-0', ...names('worker', 4, [0, 1])]],
    atOnce: 9,
  },
  'pods of a job one after the other': {
    types: [podType('master'), podType('worker', { count: 4, completions: 4 })],
    pods: ['master-0-0', ...names('worker', 4, range(4))],
    waves: [
      ['master-0-0', ...names('worker', 4, [0])],
      names('worker', 4, [1]),
      names('worker', 4, [2]),
      names('worker', 4, [3]),
    ],
    atOnce: 5,
  },
  'a sweep': {
    types: [podType('trial', { count: 16 })],
    pods: names('trial', 16),
    waves: [names('trial', 16)],
    atOnce: 16,
  },
  'heterogeneous pools': {
    types: [podType('coordinator'), podType('gpu-worker', { count: 4 }), podType('cpu-worker', { count: 8 })],
    pods: ['coordinator-0-0', ...names('gpu-worker', 4), ...names('cpu-worker', 8)],
    waves: [['coordinator-0-0', ...names('gpu-worker', 4), ...names('cpu-worker', 8)]],
    atOnce: 13,
  },
  'sequential batches': {
    types: [podType('processor', { completions: 100, parallelisms: 4 })],
    pods: names('processor', 1, range(100)),
    waves: range(25).map((wave) =>
      names(
        'processor',
        1,
        range(4).map((lane) => 4 * wave + lane),
      ),
    ),
    atOnce: 4,
  },
  'mixed concurrency': {
    types: [
      podType('preprocessor', { count: 4, completions: 4, parallelisms: 4 }),
      podType('evaluator', { count: 4, completions: 4, parallelisms: 1 }),
    ],
    pods: [...names('preprocessor', 4, range(4)), ...names('evaluator', 4, range(4))],
    waves: [
      [...names('preprocessor', 4, range(4)), ...names('evaluator', 4, [0])],
      names('evaluator', 4, [1]),
      names('evaluator', 4, [2]),
      names('evaluator', 4, [3]),
    ],
    atOnce: 20,
  },
  'the last wave is not full': {
    types: [podType('a', { completions: 5, parallelisms: 3 })],
    pods: names('a', 1, range(5)),
    waves: [names('a', 1, [0, 1, 2]), names('a', 1, [3, 4])],
    atOnce: 3,
  },
  'more parallelisms than completions': {
    types: [podType('a', { completions: 2, parallelisms: 9 })],
    pods: names('a', 1, [0, 1]),
    waves: [names('a', 1, [0, 1])],
    atOnce: 2,
  },
  'a group of no jobs between others': {
    types: [podType('a', { count: 2 }), podType('none', { count: 0 }), podType('b')],
    pods: ['a-0-0', 'a-1-0', 'b-0-0'],
    waves: [['a-0-0', 'a-1-0', 'b-0-0']],
    atOnce: 3,
  },
};

describe.each(Object.entries(SCENARIOS))('jobset: %s', (_title, { types, pods, waves, atOnce }) => {
  const plan = planManifest(jobset(types), NO_SUBMISSION);

  test('has its pods, in rank order', () => {
    const planned = plannedPods(plan);
    expect(planned.map(({ pod }) => pod)).toEqual(pods);
    expect(planned.map(({ rank }) => rank)).toEqual(range(pods.length));
  });

  test('has its waves', () => {
    expect(podsByWave(plannedPods(plan)).map((wave) => wave.map(({ pod }) => pod))).toEqual(waves);
  });

  test('has as many lanes as pods at once', () => {
    const lanes = jobLanes(plannedPods(plan)).flatMap((job) => job.lanes);
    expect(lanes).toHaveLength(atOnce);
    expect(planPeak(plan).pods).toBe(atOnce);
    expect(lanes.flat()).toHaveLength(pods.length);
  });

  test('asks for its resources once per pod', () => {
    expect(planTotals(plan)).toEqual({
      pods: pods.length,
      cpus: 2 * pods.length,
      memory_gb: 4 * pods.length,
      gpus: 0,
    });
  });
});

test('the documented job indexes: master, five workers, worker-2', () => {
  const manifest = jobset([podType('master'), podType('worker', { count: 5 }), podType('worker-2')]);
  const planned = plannedPods(planManifest(manifest, NO_SUBMISSION));
  expect(planned.map((pod) => [pod.pod, pod.job_index, pod.global_job_index])).toEqual([
    ['master-0-0', 0, 0],
    ['worker-0-0', 0, 1],
    ['worker-1-0', 1, 2],
    ['worker-2-0', 2, 3],
    ['worker-3-0', 3, 4],
    ['worker-4-0', 4, 5],
    ['worker-2-0-0', 0, 6],
  ]);
});
