import { describe, expect, it } from 'vitest';
import { joined, lineOf, smoothed, usageLines } from '../../../src/console/metrics/series.ts';

describe('a series as a line', () => {
  it('stands in the order of steps; what a later attempt wrote of a step counts', () => {
    const line = lineOf(
      'loss',
      [
        [1, 100, 3, 1],
        [2, 101, 2, 1],
        [1, 200, 2.5, 2],
        [3, 201, 'NaN', 2],
      ],
      'step',
    );
    expect([line.xs, line.ys]).toEqual([
      [1, 2, 3],
      [2.5, 2, null],
    ]);
  });

  it('stands over seconds since its first point; what has no time is left out', () => {
    const line = lineOf(
      'loss',
      [
        [1, null, 9, 1],
        [2, 100, 2, 1],
        [3, 130, 1, 1],
      ],
      'time',
    );
    expect([line.xs, line.ys]).toEqual([
      [0, 30],
      [2, 1],
    ]);
  });
});

describe('a moving mean', () => {
  it('of what is always the same is the same, from the first point on', () => {
    const { ys } = smoothed({ label: 'a', xs: [1, 2, 3], ys: [5, null, 5] }, 0.9);
    expect(ys[0]).toBeCloseTo(5);
    expect(ys[1]).toBeNull();
    expect(ys[2]).toBeCloseTo(5);
  });

  it('weighs what came before', () => {
    const { ys } = smoothed({ label: 'a', xs: [1, 2], ys: [0, 1] }, 0.5);
    expect(ys[1]).toBeCloseTo(2 / 3);
  });
});

it('lines are joined over the x of all; where one has no point there is nothing', () => {
  const a = { label: 'a', xs: [1, 3], ys: [10, null] };
  const b = { label: 'b', xs: [2, 3], ys: [20, 30] };
  expect(joined([a, b])).toEqual([
    [1, 2, 3],
    [10, undefined, null],
    [undefined, 20, 30],
  ]);
});

it('what pods took is a line for each pod that something is known of', () => {
  const use = { memory_bytes: null, gpu: null, gpu_memory_bytes: null };
  const at = (second: number, cpus: Record<string, number | null>) => ({
    time: `2026-05-01T00:00:${String(second).padStart(2, '0')}.000Z`,
    span_s: 0,
    pods: Object.entries(cpus).map(([pod, value]) => ({
      pod,
      cpus: value,
      ...use,
      peak: { cpus: value, ...use },
    })),
  });
  const history = { experiment_id: 'x', samples: [at(5, { a: 1, b: null }), at(15, { a: 2, b: 4 })] };
  expect(usageLines(history, 'cpus')).toEqual([
    { label: 'a', xs: [0, 10], ys: [1, 2] },
    { label: 'b', xs: [10], ys: [4] },
  ]);
  expect(usageLines(history, 'gpu')).toEqual([]);
});
