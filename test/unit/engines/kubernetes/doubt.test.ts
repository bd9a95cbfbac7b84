import { expect, test } from 'vitest';
import { createDoubt } from '../../../../src/engines/kubernetes/watch/doubt.ts';

/** A doubt, and the clock that it goes by. */
function doubting() {
  let now = 7;
  return { doubt: createDoubt(() => now), pass: (ms: number) => (now += ms) };
}

test.each([
  { toldForMs: 0, waitMs: 1000 },
  { toldForMs: 400, waitMs: 600 },
  { toldForMs: 1000, waitMs: 0 },
  { toldForMs: 60_000, waitMs: 0 },
  { toldForMs: null, waitMs: 250 },
])('a failure is believed when all kinds have told for a second: $toldForMs', ({ toldForMs, waitMs }) => {
  expect(doubting().doubt.waitMs(toldForMs)).toBe(waitMs);
});

test('where watches never last, it is believed after five seconds', () => {
  const { doubt, pass } = doubting();
  let waited = 0;
  for (let wait = doubt.waitMs(null); wait > 0; wait = doubt.waitMs(null)) {
    pass(wait);
    waited += wait;
  }
  expect(waited).toBe(5000);
});

test('a failure that is no longer seen is doubted anew', () => {
  const { doubt, pass } = doubting();
  doubt.waitMs(null);
  pass(4900);
  expect(doubt.waitMs(null)).toBe(100);
  doubt.end();
  expect(doubt.waitMs(null)).toBe(250);
});
