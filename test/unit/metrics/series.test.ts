import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { metricsOfLine, metricsOfLogLine } from '../../../src/metrics/json-metrics.ts';
import { metricOf, progressOf, seriesRecord } from '../../../src/metrics/metric-record.ts';
import { namesOf, type SeriesOrigin } from '../../../src/metrics/runs.ts';
import {
  addPoint,
  createSeries,
  MOST_POINTS,
  shownPoints,
  withoutStepsFrom,
} from '../../../src/metrics/series.ts';
import { valueText } from '../../../src/metrics/value-text.ts';

function seriesOf(values: readonly number[], attempt = 1) {
  const series = createSeries(false);
  for (const [step, value] of values.entries()) addPoint(series, { step, time: 1000 + step, value }, attempt);
  return series;
}

describe('a series', () => {
  test('keeps its extremes, its order and its last value, however long it is', () => {
    const value = fc.oneof(
      fc.integer({ min: -50, max: 50 }),
      fc.constantFrom(Number.NaN, Infinity, -Infinity),
    );
    fc.assert(
      fc.property(
        fc.array(value, { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 1, max: 120 }),
        (some, times) => {
          const values = Array.from({ length: times }, () => some).flat();
          const series = seriesOf(values);
          const shown = shownPoints(series);
          const numbers = values.filter((one) => !Number.isNaN(one));
          expect(shown.length).toBeLessThanOrEqual(MOST_POINTS);
          expect(shown.length).toBeGreaterThanOrEqual(Math.min(values.length, MOST_POINTS / 8));
          expect(shown.at(-1)).toMatchObject({ step: values.length - 1, value: values.at(-1) });
          expect(series.min).toBe(numbers.length > 0 ? Math.min(...numbers) : Number.NaN);
          expect(series.max).toBe(numbers.length > 0 ? Math.max(...numbers) : Number.NaN);
          for (const extreme of numbers.length > 0 ? [series.min, series.max] : [])
            expect(shown.some((point) => Object.is(point.value, extreme) || point.value === extreme)).toBe(
              true,
            );
          expect(shown.some((point) => Number.isNaN(point.value))).toBe(numbers.length < values.length);
          for (const [index, point] of shown.entries()) {
            expect(point.value).toBe(values[point.step]);
            if (index > 0) expect(point.step).toBeGreaterThan(shown[index - 1]?.step ?? Infinity);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  test('a spike among a million values stays, and all parts are as fine', () => {
    const series = createSeries(false);
    for (let step = 0; step < 1_000_000; step++)
      addPoint(series, { step, time: step, value: step === 654_321 ? 99 : Math.sin(step) }, 1);
    const shown = shownPoints(series);
    expect(shown.find(({ value }) => value === 99)?.step).toBe(654_321);
    const quarters = [0, 1, 2, 3].map(
      (q) => shown.filter(({ step }) => Math.floor(step / 250_000) === q).length,
    );
    for (const count of quarters) expect(count).toBeGreaterThan(80);
  });

  test('steps that go back and attempts stay as they were written', () => {
    const series = createSeries(false);
    for (const [step, attempt] of [
      [1, 1],
      [2, 1],
      [1, 2],
      [0, 2],
    ] as const)
      addPoint(series, { step, time: 5, value: step }, attempt);
    expect(seriesRecord(series)).toEqual([
      [1, 5, 1, 1],
      [2, 5, 2, 1],
      [1, 5, 1, 2],
      [0, 5, 0, 2],
    ]);
    expect(metricOf(series)).toMatchObject({ last: 0, step: 0, min: 0, max: 2 });
  });

  test('what a writer takes back counts no more', () => {
    const series = withoutStepsFrom(seriesOf([9, 1, 2, 50]), 3);
    expect(metricOf(series)).toMatchObject({ last: 2, step: 2, min: 1, max: 9 });
    expect(shownPoints(withoutStepsFrom(series, 0))).toEqual([]);
  });
});

test.each([
  [0.10000000149011612, true, 0.1],
  [16777216, true, 16777216],
  [0.1 + 0.2, false, 0.30000000000000004],
  [Number.NaN, true, 'NaN'],
  [-Infinity, false, '-Infinity'],
])('%f (of 32 bits: %s) is %s in documents', (value, single, expected) => {
  const series = createSeries(single);
  addPoint(series, { step: 1, time: 1, value }, 1);
  expect(metricOf(series).last).toBe(expected);
});

test.each([
  [1.7e9, '2023-11-14T22:13:20.000Z'],
  [1.7e12, null],
  [-1, null],
  [Number.NaN, null],
])('a clock that says %f gives the time %s', (time, expected) => {
  const series = createSeries(false);
  addPoint(series, { step: 1, time, value: 1 }, 1);
  expect(metricOf(series).time).toBe(expected);
});

test.each([
  ['{"loss": 0.5, "step": 3, "time": 12.5}', { step: 3, time: 12.5, values: [['loss', 0.5]] }],
  [
    '{"loss": NaN, "a": -Infinity, "NaN": "not NaN"}',
    {
      step: null,
      time: null,
      values: [
        ['loss', Number.NaN],
        ['a', -Infinity],
      ],
    },
  ],
  [
    '{"val": {"acc": 1, "deep": {"x": 2}}, "name": "x", "ok": true}',
    {
      step: null,
      time: null,
      values: [
        ['val/acc', 1],
        ['val/deep/x', 2],
      ],
    },
  ],
  [
    '{"loss": 1, "time": "2026-01-01T00:00:00Z"}',
    { step: null, time: Date.UTC(2026, 0) / 1000, values: [['loss', 1]] },
  ],
  ['{"step": 3}', null],
  ['[1]', null],
  ['{"loss": 1', null],
  ['loss 1', null],
])('a line of metrics.jsonl: %s', (line, expected) => {
  expect(metricsOfLine(line)).toEqual(expected);
});

test('a line of a log counts when it is one object with the mark', () => {
  expect(metricsOfLogLine('{"metric": {"loss": 0.3, "step": 10}}')).toMatchObject({
    step: 10,
    values: [['loss', 0.3]],
  });
  for (const line of [
    '{"loss": 1}',
    'x {"metric": {"loss": 1}}',
    '{"metric": 1}',
    '{"metric": {"note": "x"}}',
  ])
    expect(metricsOfLogLine(line)).toBeNull();
});

test.each<[string, (SeriesOrigin | null)[], string[], string[]]>([
  ['one run', [event('', 'loss')], [], ['loss']],
  ['one folder', [event('version_0', 'loss')], [], ['loss']],
  [
    'several',
    [event('train', 'loss'), event('val', 'loss'), event('', 'lr')],
    [],
    ['lr', 'train/loss', 'val/loss'],
  ],
  ['hyperparameters', [event('', 'loss'), event('17.2', 'hparam/acc')], ['17.2'], ['hparam/acc', 'loss']],
  ['the same name in both', [event('', 'loss'), event('17.2', 'loss')], ['17.2'], ['17.2/loss', 'loss']],
  [
    'two kinds',
    [event('', 'loss'), { kind: 'log', run: '', tag: 'loss' }, { kind: 'json-lines', run: '', tag: 'acc' }],
    [],
    ['acc', 'loss'],
  ],
])('names: %s', (_what, all, hparams, expected) => {
  const series = all.filter((one) => one !== null);
  expect([...namesOf(series, new Set(hparams)).keys()].sort()).toEqual(expected);
});

function event(run: string, tag: string): SeriesOrigin {
  return { kind: 'event-file', run, tag };
}

test('progress is the highest step of total_steps', () => {
  const metric = (last: number, step: number) => ({ last, step, min: null, max: null, time: null });
  expect(progressOf({ loss: metric(0.5, 40), total_steps: metric(100, 0) })).toEqual({
    step: 40,
    total_steps: 100,
  });
  expect(progressOf({ loss: metric(0.5, 40) })).toBeNull();
});

test.each([
  [0.123456789, '0.123457'],
  [1.25e-7, '1.25e-7'],
  [30000000, '30000000'],
  ['NaN', 'NaN'],
  [null, '-'],
] as const)('%s reads %s', (value, text) => expect(valueText(value)).toBe(text));

// A quadratic reader would take minutes, far beyond the limit of a test.
test('a string that never ends is looked at once', () => {
  expect(metricsOfLine(`{"a": NaN, "${'\\"'.repeat(500_000)}`)).toBeNull();
  expect(metricsOfLine('{"a": "NaN \\" NaN", "b": NaN}')?.values).toEqual([['b', Number.NaN]]);
});
