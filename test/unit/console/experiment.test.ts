import { describe, expect, it } from 'vitest';
import { podSeconds, sortedPods } from '../../../src/console/experiment/pod-order.ts';
import { stepTimes } from '../../../src/console/experiment/steps.ts';
import { ago, shortDuration, shortNumber } from '../../../src/console/base/text.ts';
import { createSelection } from '../../../src/console/list/selection.ts';
import { signal } from '@preact/signals';
import type { PodRecord } from '../../../src/experiment/record.ts';

const at = (seconds: number) => new Date(Date.parse('2026-05-01T00:00:00Z') + seconds * 1000).toISOString();
const step = (name: string, seconds: number) => ({ type: 'step', message: `${name}: it`, time: at(seconds) });

describe('steps', () => {
  it('last until the next begins; the last until the end', () => {
    const events = [step('wait', 0), step('clone', 2), step('build', 3), step('run', 9), step('run', 12)];
    const times = stepTimes({ events, created_at: at(0), ended_at: at(19) }, 0);
    expect(times.map(({ step: name, seconds, isOver }) => [name, seconds, isOver])).toEqual([
      ['wait', 2, true],
      ['clone', 1, true],
      ['build', 6, true],
      ['run', 10, true],
    ]);
    expect(times.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1);
  });

  it('of one that goes on last until now, and of a clock behind the server no less than nothing', () => {
    const record = { events: [step('run', 5)], created_at: at(0), ended_at: null };
    expect(stepTimes(record, Date.parse(at(8))).at(-1)).toMatchObject({ seconds: 3, isOver: false });
    expect(stepTimes(record, Date.parse(at(1))).at(-1)?.seconds).toBe(0);
  });
});

const pod = (name: string, more: Partial<PodRecord> = {}): PodRecord => ({
  pod: name,
  type: 'worker',
  job_index: 0,
  pod_index: 0,
  rank: 0,
  status: 'Succeeded',
  reason: null,
  exit_code: 0,
  node: null,
  attempt: 1,
  started_at: at(0),
  ended_at: at(10),
  peak_memory_bytes: null,
  usage: null,
  ...more,
});

const sampled = (peak: number): PodRecord['usage'] => ({
  samples: 1,
  cpus: null,
  memory_bytes: { mean: 1, peak },
  gpu: null,
  gpu_memory_bytes: null,
});

describe('pods', () => {
  const pods = [
    pod('worker-10', { peak_memory_bytes: 5, node: 'n2', attempt: 3 }),
    pod('worker-2', { status: 'Failed', exit_code: 3, ended_at: at(4), usage: sampled(1000) }),
    pod('worker-1', { status: 'Running', exit_code: null, ended_at: null, node: 'n10' }),
  ];
  it.each([
    ['pod', false, ['worker-1', 'worker-2', 'worker-10']],
    ['status', false, ['worker-2', 'worker-1', 'worker-10']],
    ['exit', true, ['worker-2', 'worker-10', 'worker-1']],
    // What has no value comes last, whatever the direction.
    ['exit', false, ['worker-10', 'worker-2', 'worker-1']],
    ['peak', true, ['worker-2', 'worker-10', 'worker-1']],
    ['peak', false, ['worker-10', 'worker-2', 'worker-1']],
    ['node', true, ['worker-1', 'worker-10', 'worker-2']],
    ['node', false, ['worker-10', 'worker-1', 'worker-2']],
    // Those that are equal stay in the order of their ranks.
    ['restarts', true, ['worker-10', 'worker-2', 'worker-1']],
    ['duration', true, ['worker-1', 'worker-10', 'worker-2']],
  ] as const)('by %s (descending: %s)', (by, isDescending, wanted) => {
    const sorted = sortedPods(pods, { by, isDescending }, Date.parse(at(60)));
    expect(sorted.map(({ pod: name }) => name)).toEqual(wanted);
  });

  it('that have not begun have no time', () => {
    expect(podSeconds(pod('a', { started_at: null, ended_at: null }), 0)).toBeNull();
  });
});

describe('words', () => {
  it.each([
    [null, '–'],
    [0, '0s'],
    [0.4, '<1s'],
    [64.9, '1m 4s'],
    [90_061, '1d 1h'],
  ])('a duration of %s', (seconds, wanted) => expect(shortDuration(seconds)).toBe(wanted));

  it.each([
    [2, 'now'],
    [-30, 'now'],
    [61, '1m ago'],
    [40 * 86_400, '2026-05-01'],
  ])('%i seconds later', (seconds, wanted) => expect(ago(at(0), Date.parse(at(seconds)))).toBe(wanted));

  it.each([
    [0, '0'],
    [0.123456, '0.1235'],
    [1e-7, '1.000e-7'],
    [1234567.5, '1.235e+6'],
    ['NaN', 'NaN'],
    [undefined, '–'],
  ])('the number %s', (value, wanted) => expect(shortNumber(value)).toBe(wanted));
});

describe('a selection', () => {
  it('takes a range with shift, in either direction, and moves within what is shown', () => {
    const selection = createSelection(signal(['a', 'b', 'c', 'd']));
    selection.toggle('d', false);
    selection.toggle('b', true);
    expect([...selection.ids.value].sort()).toEqual(['b', 'c', 'd']);
    selection.move(1);
    selection.move(1);
    expect(selection.current.value).toBe('b');
    selection.move(-9);
    expect(selection.current.value).toBe('a');
    selection.clear();
    expect([selection.ids.value.size, selection.current.value]).toEqual([0, null]);
  });
});
