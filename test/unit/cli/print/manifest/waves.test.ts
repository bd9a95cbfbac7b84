import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { waveDiagram } from '../../../../../src/cli/print/manifest/waves.ts';
import { plannedPods } from '../../../../../src/experiment/plan/planned-pods.ts';
import { planManifest } from '../../../../../src/operators/plan.ts';
import type { PodType } from '../../../../../src/manifest/manifest.ts';
import { anyManifest, jobset, NO_SUBMISSION, podType } from '../../../operators/manifests.ts';

const diagram = (types: PodType[], width = 70) =>
  `\n${waveDiagram(plannedPods(planManifest(jobset(types), NO_SUBMISSION)), width)}\n`;

describe('a time diagram', () => {
  test('jobs side by side', () => {
    expect(diagram([podType('master'), podType('worker', { count: 2 })])).toBe(`
time     ─────────────────────────────────────────────────►
master   [────────────────────────────────────────────────] master-0-0
worker 0 [────────────────────────────────────────────────] worker-0-0
worker 1 [────────────────────────────────────────────────] worker-1-0
`);
  });

  test('pods of a job side by side', () => {
    expect(diagram([podType('worker', { count: 2, completions: 2, parallelisms: 2 })])).toBe(`
time     ─────────────────────────────────────────────────►
worker 0 [────────────────────────────────────────────────] worker-0-0
         [────────────────────────────────────────────────] worker-0-1
worker 1 [────────────────────────────────────────────────] worker-1-0
         [────────────────────────────────────────────────] worker-1-1
`);
  });

  test('pods of a job one after the other', () => {
    expect(diagram([podType('worker', { count: 2, completions: 4 })], 80)).toBe(`
time     ──────────────────────────────────────────────►
worker 0 [─── 0 ───] [─── 1 ───] [─── 2 ───] [─── 3 ───] worker-0-0 … worker-0-3
worker 1 [─── 0 ───] [─── 1 ───] [─── 2 ───] [─── 3 ───] worker-1-0 … worker-1-3
`);
  });

  test('a hundred batches, four at a time: the middle is left out', () => {
    expect(diagram([podType('processor', { completions: 100, parallelisms: 4 })], 80)).toBe(`
time      ──────────────────────────────────────►
processor [─ 0 ──] [── 4 ──] [─ 8 ──] … [─ 96 ──] processor-0-0 … processor-0-96
          [─ 1 ──] [── 5 ──] [─ 9 ──] … [─ 97 ──] processor-0-1 … processor-0-97
          [─ 2 ──] [── 6 ──] [─ 10 ─] … [─ 98 ──] processor-0-2 … processor-0-98
          [─ 3 ──] [── 7 ──] [─ 11 ─] … [─ 99 ──] processor-0-3 … processor-0-99
`);
  });

  test('many jobs: the middle ones are left out, the last keeps its name', () => {
    const lines = diagram([podType('trial', { count: 16 })])
      .trim()
      .split('\n');
    expect(lines.map((line) => line.slice(0, 9).trim())).toEqual([
      'time',
      'trial 0',
      'trial 1',
      'trial 2',
      '… 12 more',
      'trial 15',
    ]);
  });

  test('every row is as long as the axis, for any shape and width', () => {
    fc.assert(
      fc.property(anyManifest, fc.integer({ min: 40, max: 200 }), (manifest, width) => {
        const pods = plannedPods(planManifest(manifest, NO_SUBMISSION));
        fc.pre(pods.length > 0);
        const [axis = '', ...rows] = waveDiagram(pods, width).split('\n');
        for (const row of rows.filter((each) => !each.startsWith('…'))) {
          expect([row[axis.length - 1], row[axis.length]]).toEqual([']', ' ']);
        }
      }),
    );
  });
});
