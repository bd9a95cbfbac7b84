import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decideAttempt, type AttemptFacts } from '../../../src/experiment/restart.ts';

const QUIET: AttemptFacts = {
  attempt: 1,
  backoff_limit: 0,
  live_pods: 2,
  pod_failed: false,
  deadline_passed: false,
  cancel_requested: false,
};

describe('how an attempt goes on', () => {
  test.each<[string, Partial<AttemptFacts>, string]>([
    ['nothing happened', {}, 'go-on'],
    ['all ended well', { live_pods: 0 }, 'succeed'],
    ['all ended well, then a cancel came', { live_pods: 0, cancel_requested: true }, 'succeed'],
    ['all ended well, after the deadline', { live_pods: 0, deadline_passed: true }, 'succeed'],
    ['a cancel', { cancel_requested: true }, 'cancel'],
    ['the deadline', { deadline_passed: true }, 'deadline'],
    ['both: the cancel was somebody’s will', { deadline_passed: true, cancel_requested: true }, 'cancel'],
    ['a failure, no restart allowed', { pod_failed: true }, 'fail'],
    ['a failure at the limit', { pod_failed: true, attempt: 3, backoff_limit: 2 }, 'fail'],
    ['a failure below the limit', { pod_failed: true, attempt: 2, backoff_limit: 2 }, 'restart'],
    [
      'a failure below the limit, but cancelled',
      { pod_failed: true, backoff_limit: 2, cancel_requested: true },
      'cancel',
    ],
    [
      'a failure below the limit, but too late',
      { pod_failed: true, backoff_limit: 2, deadline_passed: true },
      'deadline',
    ],
    ['a failure for good, and a cancel', { pod_failed: true, cancel_requested: true }, 'fail'],
    ['the last pod failed', { pod_failed: true, live_pods: 0 }, 'fail'],
  ])('%s', (_name, facts, decision) => {
    expect(decideAttempt({ ...QUIET, ...facts })).toBe(decision);
  });

  test('is never restarted more often than allowed', () => {
    fc.assert(
      fc.property(fc.nat(20), fc.nat(20), fc.boolean(), fc.boolean(), (limit, pods, late, cancelled) => {
        const rest = {
          live_pods: pods,
          pod_failed: true,
          deadline_passed: late,
          cancel_requested: cancelled,
        };
        let attempt = 1;
        while (decideAttempt({ attempt, backoff_limit: limit, ...rest }) === 'restart') attempt++;
        expect(attempt).toBeLessThanOrEqual(limit + 1);
      }),
    );
  });
});
