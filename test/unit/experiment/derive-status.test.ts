import { describe, expect, test } from 'vitest';
import { CANCEL, ENDED, FAILURE, fold, planned, pod, step } from './facts.ts';

const WENT_WELL = [planned('a', 'b'), step('run'), pod('a', 'Succeeded'), pod('b', 'Succeeded')];
const STOPPED = [
  planned('a', 'b'),
  step('run'),
  pod('a', 'Running'),
  pod('b', 'Running'),
  CANCEL,
  pod('a', 'Stopped'),
  pod('b', 'Stopped'),
];

describe('status follows from facts', () => {
  test.each([
    ['nothing yet', [], { status: 'Waiting', reason: null, explanation: null }],
    ['a step', [step('clone')], { status: 'Cloning' }],
    ['a step', [step('build')], { status: 'Building' }],
    ['a step', [step('submit')], { status: 'Submitting' }],
    ['a step', [step('run')], { status: 'Running' }],
    ['every pod succeeded, but the end is not there', WENT_WELL, { status: 'Running', reason: null }],
    ['every pod succeeded', [...WENT_WELL, ENDED], { status: 'Succeeded', reason: null, explanation: null }],
    ['a plan without pods', [step('run'), ENDED], { status: 'Succeeded' }],
    [
      'a pod that has ended, and whose exit code finds no room',
      [planned('a', 'b'), step('run'), pod('a', 'Running'), pod('b', 'Running', { reason: 'DiskFull' })],
      {
        status: 'Running',
        reason: 'DiskFull',
        explanation: expect.stringMatching(/^b has ended, and its exit code waits.*prune --outputs/),
      },
    ],
    [
      'a failure that is cleaned up after',
      [planned('a'), step('run'), FAILURE],
      { status: 'Running', reason: 'NonZeroExit', explanation: 'a ended with code 1; being stopped' },
    ],
    [
      'a failure',
      [planned('a'), step('run'), FAILURE, ENDED],
      { status: 'Failed', reason: 'NonZeroExit', explanation: 'a ended with code 1' },
    ],
    [
      'a failure, then another',
      [FAILURE, { ...FAILURE, reason: 'Killed' as const }, ENDED],
      { status: 'Failed', reason: 'NonZeroExit' },
    ],
    [
      'a cancel that is not done',
      [planned('a'), step('run'), CANCEL],
      { status: 'Running', reason: 'CancelledByUser', explanation: 'being cancelled' },
    ],
    ['a cancel while it waits', [CANCEL, ENDED], { status: 'Cancelled', reason: 'CancelledByUser' }],
    ['a cancel while it is built', [planned('a'), step('build'), CANCEL, ENDED], { status: 'Cancelled' }],
    ['a cancel while it runs', [...STOPPED, ENDED], { status: 'Cancelled', reason: 'CancelledByUser' }],
    [
      'a cancel after every pod had succeeded',
      [...WENT_WELL, CANCEL, ENDED],
      { status: 'Succeeded', reason: null },
    ],
    [
      'a failure, then a cancel',
      [planned('a'), step('run'), FAILURE, CANCEL, ENDED],
      { status: 'Failed', reason: 'NonZeroExit' },
    ],
    [
      'an end that nobody saw coming',
      [planned('a'), step('run'), pod('a', 'Running'), ENDED],
      { status: 'Failed', reason: 'EngineLost' },
    ],
    [
      'an end before anything ran',
      [planned('a'), step('build'), ENDED],
      { status: 'Failed', reason: 'EngineLost' },
    ],
  ] as const)('%s', (_what, facts, expected) => {
    const { status, reason, explanation } = fold(...facts).record;
    expect({ status, reason, explanation }).toMatchObject(expected);
  });
});
