import { describe, expect, it } from 'vitest';
import {
  countBack,
  startTailCount,
  tailGroup,
  typeOfPod,
  wantedOf,
  wantsSource,
} from '../../../src/logs/filter.ts';
import type { LogFilter, LogSource } from '../../../src/logs/line.ts';

const worker: LogSource = { step: 'run', pod: 'big-worker-10-2', attempt: 2, stream: 'stdout' };
const build: LogSource = { step: 'build', pod: null, attempt: 1, stream: null };
const record = {
  first: 11,
  lines: 10,
  source: 0,
  offset: 0,
  length: 100,
  time: 1000,
  partial: false,
  sum: null,
};

describe('wantsSource', () => {
  it.each<[LogFilter, boolean, boolean]>([
    [{}, true, true],
    [{ pod: 'big-worker-10-2' }, true, false],
    [{ pod: 'big-worker-10' }, false, false],
    [{ type: 'big-worker' }, true, false],
    [{ type: 'worker' }, false, false],
    [{ step: 'run' }, true, false],
    [{ step: 'build' }, false, true],
    [{ attempt: 1 }, false, true],
    [{ attempt: 2, step: 'run', type: 'big-worker' }, true, false],
  ])('%j', (filter, ofWorker, ofBuild) => {
    expect(wantsSource(filter, worker)).toBe(ofWorker);
    expect(wantsSource(filter, build)).toBe(ofBuild);
  });
});

it.each([
  ['worker-0-0', 'worker'],
  ['a-1-b-2-3', 'a-1-b'],
  ['head-0-0', 'head'],
])('the type of %s is %s', (pod, type) => {
  expect(typeOfPod(pod)).toBe(type);
});

it('tails count by pod, and by step before there are pods', () => {
  expect(tailGroup(worker)).toBe('big-worker-10-2');
  expect(tailGroup({ ...worker, stream: 'stderr', attempt: 1 })).toBe(tailGroup(worker));
  expect(tailGroup(build)).not.toBe(tailGroup({ ...build, step: 'clone' }));
});

describe('wantedOf', () => {
  const all = { after: 0, before: Infinity, since: 0, until: Infinity, from: 0 };
  it.each([
    [{}, 0, 10],
    [{ after: 10, since: 1000, from: 11 }, 0, 10],
    [{ after: 12 }, 2, 10],
    [{ from: 20 }, 9, 10],
    [{ before: 20, until: 1001 }, 0, 9],
    [{ after: 12, before: 14 }, 2, 3],
  ])('%j', (wanted, skip, lines) => {
    expect(wantedOf(record, { ...all, ...wanted })).toEqual({ record: { ...record, lines }, skip });
  });
  it.each([
    { after: 20 },
    { from: 21 },
    { since: 1001 },
    { until: 1000 },
    { before: 11 },
    { after: 13, before: 14 },
  ])('nothing: %j', (wanted) => expect(wantedOf(record, { ...all, ...wanted })).toBeNull());
  it('never wants a record without lines', () => {
    expect(wantedOf({ ...record, lines: 0 }, all)).toBeNull();
  });
});

describe('tail', () => {
  it('finds where the last lines begin', () => {
    const count = startTailCount(15, ['a', 'b'], 30);
    countBack(count, 'a', { ...record, first: 21, lines: 10 }, 30);
    countBack(count, 'b', { ...record, first: 20, lines: 1 }, 30);
    countBack(count, 'a', { ...record, first: 1, lines: 19 }, 30);
    expect(count.from).toEqual(new Map([['a', 15]]));
    expect(count.missing).toEqual(new Map([['b', 14]]));
  });

  it('leaves out what came after the line it is counted back from', () => {
    const count = startTailCount(2, ['a'], 13);
    countBack(count, 'a', { ...record, first: 21, lines: 5 }, 13);
    countBack(count, 'a', record, 13);
    expect(count.from.get('a')).toBe(12);
  });

  it('of zero wants nothing that is there already', () => {
    expect(startTailCount(0, ['a'], 13).from.get('a')).toBe(14);
  });
});
