import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { applyEvent, initialState } from '../../../src/experiment/state.ts';
import { isPodTerminal, isTerminal, STEPS } from '../../../src/experiment/status.ts';
import { anyFact, CANCEL, ENDED, events, FAILURE, fold, NEW, planned, pod, step } from './facts.ts';

describe('facts fold to a state', () => {
  test('a run that succeeds, with its times', () => {
    const { record } = fold(
      step('wait'),
      planned('a'),
      step('clone'),
      step('build'),
      step('submit'),
      step('run'),
      pod('a', 'Running'),
      pod('a', 'Succeeded', { exit_code: 0, ended_at: '2026-01-01T00:01:30.000Z' }),
      ENDED,
    );
    expect(record).toMatchObject({
      status: 'Succeeded',
      step: 'run',
      started_at: '2026-01-01T00:01:00.000Z',
      // Its end was told by a clock that is behind the pod's.
      ended_at: '2026-01-01T00:01:00.000Z',
    });
    expect(record.pods[0]).toMatchObject({ pod: 'a', status: 'Succeeded', exit_code: 0 });
    expect(Object.keys(record.pods[0] ?? {})).toEqual(Object.keys(fold(planned('a')).record.pods[0] ?? {}));
  });

  test('an experiment started when its first pod did, whichever was reported first', () => {
    const late = pod('a', 'Running', { started_at: '2026-01-01T00:01:02.000Z' });
    const early = pod('b', 'Running', { started_at: '2026-01-01T00:01:01.000Z' });
    for (const order of [
      [late, early],
      [early, late],
    ]) {
      expect(fold(planned('a', 'b'), ...order).record.started_at).toBe('2026-01-01T00:01:01.000Z');
    }
  });

  test('an attempt begins with fresh pods; told twice it begins once', () => {
    const again = { type: 'attempt', attempt: 2, message: 'restart' } as const;
    const running = pod('a', 'Running', { attempt: 2 });
    const once = fold(planned('a'), pod('a', 'Failed', { exit_code: 1 }), again);
    expect(once.record).toMatchObject({
      attempt: 2,
      pods: [{ status: 'Pending', exit_code: null, attempt: 2, started_at: null }],
    });
    const twice = fold(planned('a'), pod('a', 'Failed'), again, running, again);
    expect(twice.record.pods).toMatchObject([{ status: 'Running', attempt: 2 }]);
  });

  test('a fact about an earlier attempt comes too late', () => {
    const state = fold(
      planned('a'),
      { type: 'attempt', attempt: 2, message: 'r' },
      pod('a', 'Failed', { attempt: 1 }),
    );
    expect(state.record.pods).toMatchObject([{ status: 'Pending', attempt: 2 }]);
  });

  test('progress is said until the next step', () => {
    const progress = { type: 'progress', message: '2 experiments ahead of it' } as const;
    expect(fold(progress).record.explanation).toBe('2 experiments ahead of it');
    expect(fold(progress, step('clone')).record.explanation).toBeNull();
  });

  test('a notice is kept once', () => {
    const notice = { type: 'notice', code: 'gpus_absent', message: 'asks for 1 GPU' } as const;
    expect(fold(notice, notice).record.notices).toEqual([{ code: 'gpus_absent', message: 'asks for 1 GPU' }]);
  });

  test('the node of a pod is known until the next attempt, whatever is told later', () => {
    const on = pod('a', 'Running', { node: 'gpu-1' });
    expect(fold(planned('a'), on).record.pods).toMatchObject([{ node: 'gpu-1' }]);
    expect(fold(planned('a'), on, pod('a', 'Failed')).record.pods).toMatchObject([{ node: 'gpu-1' }]);
    const again = { type: 'attempt', attempt: 2, message: 'all pods' } as const;
    expect(fold(planned('a'), on, again).record.pods).toMatchObject([{ node: null, attempt: 2 }]);
  });

  test('pods that never started are not left waiting when all has ended', () => {
    expect(fold(planned('a'), step('build'), FAILURE, ENDED).record.pods).toMatchObject([
      { status: 'Stopped', reason: 'StoppedWithExperiment' },
    ]);
  });
});

describe('whatever facts come in whatever order', () => {
  const histories = fc.array(anyFact, { maxLength: 25 });

  test('the given state is not changed', () => {
    fc.assert(
      fc.property(histories, (facts) => {
        let state = initialState(NEW);
        for (const event of events(facts)) {
          const before = structuredClone(state);
          const next = applyEvent(state, event);
          expect(state).toEqual(before);
          state = next;
        }
      }),
    );
  });

  test('it is terminal exactly when it has ended, and then nothing changes any more', () => {
    fc.assert(
      fc.property(histories, histories, (facts, later) => {
        const state = fold(...facts);
        expect(isTerminal(state.record.status)).toBe(state.ended);
        const ended = fold(...facts, ENDED);
        expect(fold(...facts, ENDED, ...later)).toEqual(ended);
        expect(ended.record.ended_at).not.toBeNull();
        expect(ended.record.pods.every((one) => isPodTerminal(one.status))).toBe(true);
      }),
    );
  });

  test('steps and attempts never go back, and no pod comes back from its end', () => {
    fc.assert(
      fc.property(histories, (facts) => {
        let state = initialState(NEW);
        for (const event of events([planned('a', 'b'), ...facts.filter((fact) => fact.type !== 'planned')])) {
          const next = applyEvent(state, event);
          expect(STEPS.indexOf(next.record.step)).toBeGreaterThanOrEqual(STEPS.indexOf(state.record.step));
          expect(next.record.attempt).toBeGreaterThanOrEqual(state.record.attempt);
          for (const [index, now] of next.record.pods.entries()) {
            const was = state.record.pods[index];
            if (was && was.attempt === now.attempt && isPodTerminal(was.status))
              expect(now.status).toBe(was.status);
          }
          state = next;
        }
      }),
    );
  });

  test('the order in which pods are reported does not count', () => {
    const reports = [
      pod('a', 'Running'),
      pod('a', 'Succeeded'),
      pod('b', 'Running'),
      pod('b', 'Failed', { exit_code: 3 }),
    ];
    const shuffled = fc.shuffledSubarray(reports, { minLength: reports.length });
    const expected = fold(planned('a', 'b'), step('run'), ...reports).record.pods;
    fc.assert(
      fc.property(shuffled, (order) => {
        expect(fold(planned('a', 'b'), step('run'), ...order).record.pods).toEqual(expected);
      }),
    );
  });

  test('a cancel that races the end leads to one legal end (a run that succeeded is not called cancelled)', () => {
    const run = [
      planned('a'),
      step('run'),
      pod('a', 'Running'),
      pod('a', 'Succeeded', { exit_code: 0 }),
      ENDED,
    ];
    fc.assert(
      fc.property(fc.array(fc.nat({ max: run.length }), { minLength: 1, maxLength: 2 }), (moments) => {
        const facts = [...run];
        for (const moment of moments) facts.splice(moment, 0, CANCEL);
        expect(fold(...facts).record.status).toBe('Succeeded');
      }),
    );
  });
});
