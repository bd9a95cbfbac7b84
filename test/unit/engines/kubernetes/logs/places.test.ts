import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createReadingPlaces, type ReadingPlace } from '../../../../../src/engines/kubernetes/logs/places.ts';

const TURN = 15_000;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

function signals() {
  const [stopped, over] = [new AbortController(), new AbortController()];
  return { stopped, over, both: { stopped: stopped.signal, over: over.signal } };
}

async function fill(running: number) {
  const places = createReadingPlaces({ running, ended: 1, turnMs: TURN });
  const taken: ReadingPlace[] = [];
  const come = async () => {
    const place = await places.take(signals().both);
    if (place !== null) taken.push(place);
  };
  for (let index = 0; index < running; index++) await come();
  return { places, taken, come };
}

const dueOf = (taken: readonly ReadingPlace[]) => taken.map(({ due }) => due.aborted);

test('for one that waits the turn of one ends, however long that takes to leave', async () => {
  const { taken, come } = await fill(3);
  void come();
  await vi.advanceTimersByTimeAsync(10 * TURN);
  expect(dueOf(taken)).toEqual([true, false, false]);
  taken[0]?.leave();
  await vi.advanceTimersByTimeAsync(10 * TURN);
  expect(dueOf(taken)).toEqual([true, false, false, false]);
});

test('who waits gets a turn, also when nobody comes any more', async () => {
  const { taken, come } = await fill(1);
  void come();
  void come();
  for (const index of [0, 1]) {
    await vi.advanceTimersByTimeAsync(TURN);
    expect(taken[index]?.due.aborted).toBe(true);
    taken[index]?.leave();
    await vi.advanceTimersByTimeAsync(0);
  }
  expect(dueOf(taken)).toEqual([true, true, false]);
});

test('whoever waits and stops, or has ended, ends the turn of nobody', async () => {
  const { places, taken } = await fill(1);
  const [one, other] = [signals(), signals()];
  const waits = [one, other].map(({ both }) => places.take(both));
  one.stopped.abort();
  other.over.abort();
  const [stopped, ended] = await Promise.all(waits);
  expect(stopped).toBeNull();
  await vi.advanceTimersByTimeAsync(10 * TURN);
  expect(dueOf(taken)).toEqual([false]);
  expect(ended?.due.aborted).toBe(false);
});

test('logs that take long keep few others waiting, of containers that have ended', async () => {
  const places = createReadingPlaces({ running: 1, ended: 1, slow: 2 });
  const taken: ReadingPlace[] = [];
  const come = async () => {
    const { over, both } = signals();
    over.abort();
    const place = await places.take(both);
    if (place !== null) taken.push(place);
  };
  for (let index = 0; index < 5; index++) void come();
  for (const expected of [1, 2, 3, 3]) {
    await vi.advanceTimersByTimeAsync(expected === 1 ? 0 : 2000);
    expect(taken).toHaveLength(expected);
  }
  for (const index of [0, 1, 2]) taken[index]?.leave();
  await vi.advanceTimersByTimeAsync(0);
  expect(taken, 'one at a time again').toHaveLength(4);
});
