import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { ExperimentFact } from '../../../src/experiment/event.ts';
import { applyEvent, initialState, type ExperimentState } from '../../../src/experiment/state.ts';
import { createLater } from '../../../src/server/supervision/recording/later.ts';
import { NEW } from '../experiment/facts.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** As SQLite says it. */
const FULL = Object.assign(new Error('database or disk is full'), { errcode: 13 });
const CANCEL: ExperimentFact = { type: 'cancel_requested', message: 'cancel requested' };

type States = Map<string, ExperimentState>;
type Append = (facts: ReadonlyMap<string, readonly ExperimentFact[]>) => States;

function world() {
  let isFull = false;
  let state: ExperimentState = initialState(NEW);
  const store = {
    state: () => state,
    appendAll: vi.fn<Append>((facts: ReadonlyMap<string, readonly ExperimentFact[]>) => {
      if (isFull) throw FULL;
      for (const some of facts.values())
        for (const fact of some) state = applyEvent(state, { time: '2026-01-01T00:00:00.000Z', ...fact });
      return new Map([...facts.keys()].map((id) => [id, state]));
    }),
  };
  const later = createLater({ store, log: { warn: vi.fn<() => void>(), error: vi.fn<() => void>() } });
  return { later, full: (now: boolean) => void (isFull = now), state: () => state };
}

it('a wish that the disk does not take is granted, said to wait, and written when there is room', () => {
  const { later, full, state } = world();
  full(true);
  const after = later.record(new Map([['a', [CANCEL]]])).get('a');
  expect(after).toMatchObject({ cancel_requested: true, record: { explanation: 'being cancelled' } });
  expect(after?.record.notices).toEqual([
    { code: 'disk_full', message: expect.stringMatching(/recorded when there is room.*prune/) },
  ]);
  expect(state().cancel_requested).toBe(false);
  vi.advanceTimersByTime(10_000);
  full(false);
  vi.advanceTimersByTime(2000);
  expect(state().cancel_requested).toBe(true);
  later.close();
});

it('such a wish is written before what comes after it, and not at all once the experiment has ended', () => {
  const { later, full, state } = world();
  full(true);
  later.record(new Map([['a', [CANCEL]]]));
  expect(() => later.flush()).toThrow(FULL);
  full(false);
  later.flush();
  expect(state().cancel_requested).toBe(true);
  later.close();
});

it('what the disk takes is written at once, and anything but a disk without room is thrown', () => {
  const { later, state } = world();
  later.record(new Map([['a', [CANCEL]]]));
  expect(state()).toMatchObject({ cancel_requested: true, record: { notices: [] } });
  const broken = createLater({
    store: {
      state: () => null,
      appendAll: () => {
        throw new Error('a bug');
      },
    },
    log: { warn: vi.fn<() => void>(), error: vi.fn<() => void>() },
  });
  expect(() => broken.record(new Map([['a', [CANCEL]]]))).toThrow('a bug');
});
