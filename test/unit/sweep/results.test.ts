import picocolors from 'picocolors';
import { describe, expect, it } from 'vitest';
import { resultsCsv, resultsMarkdown, resultsTable } from '../../../src/cli/print/sweeps/results.ts';
import { sweepPage } from '../../../src/cli/print/sweeps/sweep.ts';
import type { MetricValue } from '../../../src/experiment/record.ts';
import type { Status } from '../../../src/experiment/status.ts';
import { resultsOf, secondsLeft, spreadOf, usualGoal, type Member } from '../../../src/sweep/results.ts';

const metric = (last: MetricValue) => ({ last, step: 1, min: 0, max: 9, time: null });

function member(index: number, repeat: number, more: { status?: Status; acc?: MetricValue } = {}): Member {
  const { status = 'Succeeded', acc } = more;
  return {
    experiment_id: `${index}${repeat}000000-0000-4000-8000-000000000000`,
    point: { LR: `0.${index}`, MODE: 'a' },
    index,
    repeat,
    status,
    duration_s: 10 * repeat,
    metrics: acc === undefined ? {} : { acc: metric(acc) },
  };
}

const EXPERIMENTS = [
  member(1, 1, { acc: 0.5 }),
  member(1, 2, { acc: 0.7 }),
  member(2, 1, { acc: 0.9 }),
  member(2, 2, { acc: 0.1, status: 'Failed' }),
  member(3, 1, { acc: 'NaN' }),
  member(4, 1, { acc: 0.95, status: 'Running' }),
];
const MISSING = [{ index: 3, repeat: 2, point: { LR: '0.3', MODE: 'a' } }];
const SWEEP = { sweep: 's', experiments: EXPERIMENTS, missing_points: MISSING };
const WANTED = { metrics: ['acc'], rank: 'acc', goal: 'max', take: 'last' } as const;
const screen = { width: 80, colors: picocolors.createColors(false) };

describe('results', () => {
  const results = resultsOf(SWEEP, WANTED);

  it('are one row a point, the best first, what has no number last', () => {
    expect(results.rows.map(({ index }) => index)).toEqual([4, 2, 1, 3]);
    expect(resultsOf(SWEEP, { ...WANTED, goal: 'min' }).rows.map(({ index }) => index)).toEqual([1, 2, 4, 3]);
    expect(resultsOf(SWEEP, { ...WANTED, rank: null }).rows.map(({ index }) => index)).toEqual([1, 2, 3, 4]);
  });

  it('know what varies, and what is the same everywhere', () => {
    expect(results.columns).toEqual(['LR']);
    expect(results.constant).toEqual({ MODE: 'a' });
    expect(results.rows[0]?.point).toEqual({ LR: '0.4' });
  });

  it('are a mean over repeats that succeeded or run, with their spread', () => {
    const [, second, first, third] = results.rows;
    expect(first?.metrics['acc']).toEqual({ mean: 0.6, spread: expect.closeTo(0.1414, 4), n: 2 });
    expect(second?.metrics['acc']).toEqual({ mean: 0.9, spread: null, n: 1 });
    expect(second?.counts).toEqual({ Succeeded: 1, Failed: 1 });
    expect(third).toMatchObject({ metrics: { acc: null }, missing: 1 });
    expect(resultsOf(SWEEP, { ...WANTED, take: 'max' }).rows[0]?.metrics['acc']?.mean).toBe(9);
  });

  it('are drawn as a table, as Markdown and as CSV', () => {
    expect(resultsTable(results, undefined, screen)).toBe(
      [
        '#  LR          acc  N  time  status',
        '4  0.4        0.95  1     -  running',
        '2  0.2         0.9  2   15s  1 succeeded, 1 failed',
        '1  0.1  0.6 ± 0.14  2   15s  2 succeeded',
        '3  0.3           -  1   10s  1 succeeded, 1 missing',
        'everywhere: MODE=a',
        '1 missing: aichor sweeps resume s submits them again',
      ].join('\n'),
    );
    expect(resultsMarkdown(results, ['LR', 'acc']).split('\n').slice(0, 3)).toEqual([
      '| LR | acc |',
      '| --- | ---: |',
      '| 0.4 | 0.95 |',
    ]);
    expect(resultsCsv(results, ['LR', 'acc', 'MODE']).split('\n')).toEqual([
      'LR,acc,acc_std,MODE',
      '0.4,0.95,,a',
      '0.2,0.9,,a',
      expect.stringMatching(/^0\.1,0\.6,0\.14142135623730\d+,a$/),
      '0.3,,,a',
    ]);
  });

  it('keep cells one cell, and formulas no formulas', () => {
    const one = { ...member(1, 1), point: { A: '=1+1', B: 'x,"y"' } };
    const two = { ...member(2, 1), point: { A: '1', B: 'z|' } };
    const odd = resultsOf(
      { sweep: 's', experiments: [one, two], missing_points: [] },
      { ...WANTED, rank: null },
    );
    expect(resultsCsv(odd, ['A', 'B'])).toBe(`A,B\n'=1+1,"x,""y"""\n1,z|`);
    expect(resultsMarkdown(odd, ['B'])).toContain('| z\\| |');
  });
});

it('spreads: of nothing, of one, of several; words are no numbers', () => {
  expect(spreadOf([])).toBeNull();
  expect(spreadOf(['NaN', undefined, null])).toBeNull();
  expect(spreadOf([3, 'Infinity'])).toEqual({ mean: 3, spread: null, n: 1 });
  expect(spreadOf([1, 3])).toEqual({ mean: 2, spread: Math.SQRT2, n: 2 });
});

it.each([
  ['val_loss', 'min'],
  ['train/loss', 'min'],
  ['val_error', 'min'],
  ['eval_perplexity', 'min'],
  ['val_acc', 'max'],
  ['reward', 'max'],
  ['bleu', 'max'],
])('%s: the %s is better', (name, goal) => {
  expect(usualGoal(name)).toBe(goal);
});

it('tells how long it will take at the pace so far', () => {
  const at = (seconds: number) => new Date(seconds * 1000).toISOString();
  const ended = { status: 'Succeeded', started_at: at(0), ended_at: at(50) } as const;
  const waiting = { status: 'Waiting', started_at: null, ended_at: null } as const;
  expect(secondsLeft([ended, ended, waiting, waiting, waiting], at(100))).toBe(150);
  expect(secondsLeft([waiting], at(100))).toBeNull();
  expect(secondsLeft([ended], at(100))).toBeNull();
});

it('a sweep on a screen: a bar, counts, the best, what failed, in lines that fit', () => {
  const results = resultsOf(SWEEP, WANTED);
  const experiments = EXPERIMENTS.map((one) => ({
    ...one,
    engine: 'local',
    started_at: null,
    ended_at: null,
    explanation: one.status === 'Failed' ? `worker-0-0 exited with code 1; ${'more '.repeat(30)}` : null,
  }));
  const page = sweepPage(
    {
      ...{ sweep: 's', project: 'default', created_at: '2026-01-01T00:00:00.000Z', points: 4, repeat: 2 },
      ...{
        max_parallel: 3,
        counts: { Succeeded: 4, Failed: 1, Running: 1 },
        missing: 2,
        env: {},
        experiments,
      },
      ...{ missing_points: [], metric_names: ['acc'], left_s: 130, best: results.rows[0] ?? null },
    },
    results,
    { now: new Date('2026-01-01T01:00:00.000Z'), screen },
  );
  const lines = page.split('\n');
  expect(lines.slice(0, 6)).toEqual([
    's · 4 points × 2 · project default · 1h old · at most 3 at the same time',
    '████████████████████'.slice(0, 20) + '█'.repeat(5) + '▒'.repeat(5) + '·'.repeat(10) + ' 5 of 8 ended',
    '4 succeeded, 1 failed, 1 running, 2 missing',
    'about 2m 10s left',
    'best acc 0.95 at LR=0.4',
    'failed',
  ]);
  expect(lines[6]).toMatch(/^ {2}22000000 {2}LR=0\.2 {2}worker-0-0 exited with code 1;.*…$/);
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
});

it('a sweep of which nothing runs says what its experiments wait for', () => {
  const results = resultsOf(SWEEP, WANTED);
  const [one] = EXPERIMENTS;
  if (one === undefined) throw new Error('there are experiments');
  const waiting = {
    ...one,
    ...{ status: 'Waiting' as const, engine: 'local', started_at: null, ended_at: null },
    explanation: 'waiting for 2 of 4 GPUs',
  };
  const pageOf = (experiments: (typeof waiting)[]) =>
    sweepPage(
      {
        ...{ sweep: 's', project: 'default', created_at: '2026-01-01T00:00:00.000Z', points: 2, repeat: 1 },
        ...{ max_parallel: null, counts: { Waiting: 2 }, missing: 0, env: {}, experiments },
        ...{ missing_points: [], metric_names: [], left_s: null, best: null },
      },
      results,
      { now: new Date('2026-01-01T01:00:00.000Z'), screen },
    );
  expect(pageOf([waiting, waiting])).toContain('waiting: waiting for 2 of 4 GPUs');
  expect(pageOf([waiting, { ...waiting, status: 'Running' as never }])).not.toContain('waiting: ');
});
