import { describe, expect, it } from 'vitest';
import { dotsOf, MOST_DOTS } from '../../../src/console/sweeps/dots.ts';
import { labelsOf, numberScale, placeOn, scaleOf } from '../../../src/console/sweeps/scale.ts';
import { measuredNames, sweepView, withView } from '../../../src/console/sweeps/view.ts';
import type { SweepDocument } from '../../../src/api/sweep-contract.ts';
import { resultsOf } from '../../../src/sweep/results.ts';

describe('an axis', () => {
  it('counts where all values are numbers, in powers of ten where they are far apart', () => {
    const plain = scaleOf(['8', '16', '32']);
    expect(plain).toMatchObject({ kind: 'number', isLog: false, low: 8, high: 32 });
    expect(placeOn(plain, '16')).toBeCloseTo(1 / 3);
    const powers = scaleOf(['0.1', '0.01', '0.001']);
    expect(powers).toMatchObject({ isLog: true });
    expect(placeOn(powers, '0.01')).toBeCloseTo(0.5);
    expect(labelsOf(powers, 10).map(({ text }) => text)).toEqual([0.001, 0.01, 0.1]);
  });

  it('has words in their order where one is no number, or a point has none', () => {
    expect(scaleOf(['adam', 'sgd', 'adam'])).toEqual({ kind: 'words', words: ['adam', 'sgd'] });
    const withNone = scaleOf(['1', undefined, '2']);
    expect(withNone).toEqual({ kind: 'words', words: ['1', '–', '2'] });
    expect(placeOn(withNone, undefined)).toBe(0.5);
    expect(scaleOf(['1', ''])).toMatchObject({ kind: 'words' });
    expect(scaleOf(['1', 'Infinity'])).toMatchObject({ kind: 'words' });
  });

  it('holds one value, negative ones, and 10,000', () => {
    expect(placeOn(numberScale([3, 3]), 3)).toBe(0.5);
    expect(numberScale([-5, 500])).toMatchObject({ isLog: false });
    const many = numberScale(Array.from({ length: 10_000 }, (_, index) => index));
    expect(labelsOf(many, 20).map(({ text }) => text)).toEqual([0, 2000, 4000, 6000, 8000]);
    expect(labelsOf(many, 3)).toHaveLength(3);
  });
});

describe('the view of a sweep', () => {
  const names = ['epoch', 'loss', 'total_steps', 'val_acc'];
  it('takes what is measured on other data, with its usual goal, unless the address says otherwise', () => {
    const view = sweepView(new URLSearchParams(), names, ['LR', 'HIDDEN']);
    expect(view).toEqual({ metric: 'val_acc', goal: 'max', take: 'last', chart: 'lines', over: 'LR' });
    const asked = new URLSearchParams('metric=loss&chart=scatter&over=HIDDEN&take=min&goal=max');
    expect(sweepView(asked, names, ['LR', 'HIDDEN'])).toEqual({
      ...{ metric: 'loss', goal: 'max', take: 'min' },
      ...{ chart: 'scatter', over: 'HIDDEN' },
    });
    expect(sweepView(new URLSearchParams('metric=nope&over=x'), ['loss'], ['LR'])).toEqual({
      ...{ metric: 'loss', goal: 'min', take: 'last' },
      ...{ chart: 'scatter', over: 'LR' },
    });
    expect(sweepView(new URLSearchParams(), [], [])).toMatchObject({ metric: null, over: null });
  });
  it('changes only what it is told to in the address', () => {
    const asked = new URLSearchParams('metric=loss&goal=max');
    expect(withView(asked, { metric: 'acc', goal: null })).toBe('?metric=acc');
    expect(withView(new URLSearchParams('goal=max'), { goal: null })).toBe('');
  });
  it('leaves counters out of the table, but for the one that is chosen', () => {
    expect(measuredNames(names, null)).toEqual(['loss', 'val_acc']);
    expect(measuredNames(names, 'epoch')).toEqual(['epoch', 'loss', 'val_acc']);
  });
});

describe('the dots of a sweep', () => {
  const member = (index: number, value: number | string, status = 'Succeeded') => ({
    ...{ experiment_id: `id-${index}`, point: { LR: String(index) }, index, repeat: 1, status },
    ...{ engine: 'local', started_at: null, ended_at: null, duration_s: null, explanation: null },
    metrics: { loss: { last: value, step: null, min: value, max: value, time: null } },
  });
  const drawn = (experiments: object[]) => {
    const sweep = { sweep: 's', experiments, missing_points: [] } as unknown as SweepDocument;
    const results = resultsOf(sweep, { metrics: ['loss'], rank: 'loss', goal: 'min', take: 'last' });
    return dotsOf(sweep, results, { metric: 'loss', take: 'last' });
  };
  it('are the experiments that count and have a number, the best last', () => {
    const { dots, without, left } = drawn([
      ...[member(1, 0.5), member(2, 0.1), member(3, 0.01, 'Failed'), member(4, 'NaN')],
      member(5, 0.7, 'Running'),
    ]);
    expect(dots.map(({ id, isBest }) => [id, isBest])).toEqual([
      ...[
        ['id-5', false],
        ['id-1', false],
      ],
      ['id-2', true],
    ]);
    expect([without, left]).toEqual([2, 0]);
    expect(dots.at(-1)?.title).toBe('#2.1 LR=2: loss 0.1');
  });
  it('are at most so many: the worst are left out', () => {
    const { dots, left } = drawn(Array.from({ length: MOST_DOTS + 5 }, (_, index) => member(index, index)));
    expect([dots.length, left, dots.at(-1)?.id]).toEqual([MOST_DOTS, 5, 'id-0']);
  });
});
