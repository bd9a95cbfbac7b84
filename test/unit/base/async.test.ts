import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aborted, onAbort, sleep, sleepUnless, within } from '../../../src/base/async/abort.ts';
import { again, doubling, jittered, type AgainOptions } from '../../../src/base/async/again.ts';
import { atMost, eachAtMost } from '../../../src/base/async/at-most.ts';
import { inRounds } from '../../../src/base/async/rounds.ts';
import { createTurn } from '../../../src/base/async/turn.ts';
import { createWake } from '../../../src/base/async/wake.ts';

describe('a turn', () => {
  it('keeps the order in which works came, whatever they take and whichever fail', async () => {
    const works = fc.array(fc.record({ turns: fc.nat(5), fails: fc.boolean() }), { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(works, async (list) => {
        const turn = createTurn();
        const seen: string[] = [];
        const ends = await Promise.allSettled(
          list.map(({ turns, fails }, index) =>
            turn(async () => {
              seen.push(`begin ${index}`);
              for (let left = turns; left > 0; left--) await Promise.resolve();
              seen.push(`end ${index}`);
              if (fails) throw new Error(`${index}`);
              return index;
            }),
          ),
        );
        expect(seen).toEqual(list.flatMap((_, index) => [`begin ${index}`, `end ${index}`]));
        expect(ends).toEqual(
          list.map(({ fails }, index) =>
            fails
              ? { status: 'rejected', reason: new Error(`${index}`) }
              : { status: 'fulfilled', value: index },
          ),
        );
      }),
    );
  });

  it('goes on after a work that throws before it gives a promise', async () => {
    const turn = createTurn();
    const first = turn(() => {
      throw new Error('at once');
    });
    const second = turn(async () => 'second');
    await expect(first).rejects.toThrow('at once');
    expect(await second).toBe('second');
  });
});

describe('at most n', () => {
  it('runs so many at a time, never more, and as many as there are', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 6 }),
        fc.array(fc.nat(4), { maxLength: 30 }),
        async (limit, works) => {
          const gate = atMost(limit);
          let running = 0;
          let most = 0;
          const began: number[] = [];
          await Promise.all(
            works.map((turns, index) =>
              gate(async () => {
                began.push(index);
                most = Math.max(most, ++running);
                for (let left = turns; left >= 0; left--) await Promise.resolve();
                running--;
              }),
            ),
          );
          expect(most).toBe(Math.min(limit, works.length));
          expect(began).toEqual(works.map((_, index) => index));
        },
      ),
    );
  });

  it('does something with each item; after a failure nothing more is begun, and what was begun ends first', async () => {
    const began: number[] = [];
    const ended: number[] = [];
    const work = async (item: number) => {
      began.push(item);
      await Promise.resolve();
      if (item === 3) throw new Error('third');
      await delay(1);
      ended.push(item);
    };
    await expect(eachAtMost(2, [1, 2, 3, 4, 5, 6, 7, 8], work)).rejects.toThrow('third');
    expect(began.length).toBeLessThan(8);
    expect(ended).toEqual(began.filter((item) => item !== 3));
    const all: number[] = [];
    await eachAtMost(3, new Set([1, 2, 3, 4]), async (item) => all.push(item));
    expect(all).toEqual([1, 2, 3, 4]);
  });
});

/** Sleeps that take no time and are written down. */
function fakeSleep() {
  const slept: number[] = [];
  return { slept, sleep: async (ms: number) => void slept.push(ms) };
}

describe('again', () => {
  it.each([
    { fails: 0, most: 3, slept: [], result: 'done' },
    { fails: 2, most: 3, slept: [100, 200], result: 'done' },
    { fails: 3, most: 3, slept: [100, 200, 300], result: 'done' },
    { fails: 4, most: 3, slept: [100, 200, 300], result: 'failure 4' },
    { fails: 1, most: 0, slept: [], result: 'failure 1' },
  ])(
    '$fails failures, at most $most: waits $slept, $result',
    async ({ fails, most, slept: expected, result }) => {
      const { slept, sleep: fake } = fakeSleep();
      let attempts = 0;
      const asked = again(
        async (failures) => {
          expect(failures).toBe(attempts);
          if (++attempts <= fails) throw new Error(`failure ${attempts}`);
          return 'done';
        },
        { delays: doubling({ firstMs: 100, longestMs: 300, most }), sleep: fake },
      );
      expect(await asked.catch((error: Error) => error.message)).toBe(result);
      expect(slept).toEqual(expected);
    },
  );

  it('throws at once what will not pass, and asks the failure itself how long to wait', async () => {
    const { slept, sleep: fake } = fakeSleep();
    const errors = [{ retryAfter: 7 }, { retryAfter: 9 }, { retryAfter: 0 }];
    const told: unknown[] = [];
    const options: AgainOptions = {
      delays: (_failures, error) => (error as { retryAfter: number }).retryAfter,
      isTransient: (error) => (error as { retryAfter: number }).retryAfter > 0,
      onFailure: (error, wait) => told.push([error, wait]),
      sleep: fake,
    };
    await expect(again((failures) => Promise.reject(errors[failures]), options)).rejects.toBe(errors[2]);
    expect(slept).toEqual([7, 9]);
    expect(told).toEqual([
      [errors[0], 7],
      [errors[1], 9],
    ]);
  });

  it('ends with the reason of its signal: before it begins, during an attempt, while it waits', async () => {
    const reason = new Error('leave');
    const delays = () => 60_000;
    const begun = AbortSignal.abort(reason);
    await expect(again(() => Promise.reject(new Error('never')), { delays, signal: begun })).rejects.toBe(
      reason,
    );
    for (const when of ['attempt', 'wait']) {
      const leaving = new AbortController();
      const asked = again(
        async () => {
          if (when === 'attempt') leaving.abort(reason);
          throw new Error('broken');
        },
        { delays, signal: leaving.signal, onFailure: () => leaving.abort(reason) },
      );
      await expect(asked).rejects.toBe(reason);
    }
  });

  it('doubles up to the longest wait, and scatters between half of it and all', () => {
    const delays = doubling({ firstMs: 50, longestMs: 5000, most: 100 });
    expect([1, 2, 3, 7, 8, 100].map(delays)).toEqual([50, 100, 200, 3200, 5000, 5000]);
    expect(delays(101)).toBe(null);
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1e6 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (ms, chance) => {
          expect(jittered(ms, chance)).toBeGreaterThanOrEqual(Math.floor(ms / 2));
          expect(jittered(ms, chance)).toBeLessThanOrEqual(ms);
        },
      ),
    );
    const scattered = doubling({ firstMs: 100, longestMs: 1000, chance: () => 0 });
    expect([1, 2, 3].map(scattered)).toEqual([50, 100, 200]);
  });
});

describe('abort', () => {
  it('acts once whichever signal comes first, at once when one was aborted, never when it was forgotten', () => {
    const [one, two] = [new AbortController(), new AbortController()];
    let acts = 0;
    const forget = onAbort([one.signal, two.signal], () => acts++);
    two.abort();
    one.abort();
    expect(acts).toBe(1);
    forget();
    onAbort(one.signal, () => acts++);
    expect(acts).toBe(2);
    const three = new AbortController();
    onAbort(three.signal, () => acts++)();
    three.abort();
    expect(acts).toBe(2);
  });

  it('sleeps no longer than its signal allows, and says why', async () => {
    const leaving = new AbortController();
    const reason = new Error('leave');
    const asleep = sleep(60_000, leaving.signal);
    const woken = sleepUnless(leaving.signal, 60_000);
    const seen = aborted(leaving.signal);
    leaving.abort(reason);
    await expect(asleep).rejects.toBe(reason);
    await expect(sleep(0, leaving.signal)).rejects.toBe(reason);
    expect(await woken).toBe(false);
    expect(await sleepUnless(new AbortController().signal, 1)).toBe(true);
    await seen;
    await sleep(0);
  });

  it('waits for a promise no longer than said', async () => {
    const late = () => new Error('late');
    expect(await within(60_000, Promise.resolve(1), late)).toBe(1);
    await expect(within(60_000, Promise.reject(new Error('own')), late)).rejects.toThrow('own');
    await expect(within(1, new Promise(() => undefined), late)).rejects.toThrow('late');
  });
});

it('a wake keeps a cause that came early, once', async () => {
  const wake = createWake();
  wake.call();
  wake.call();
  await wake.next(60_000);
  let woken = false;
  const next = wake.next(60_000).then(() => (woken = true));
  await delay(0);
  expect(woken).toBe(false);
  wake.call();
  await next;
  await wake.next(1);
});

describe('rounds', () => {
  it('answer all who asked while one was under way with the next, never with one begun before', async () => {
    const rounds: number[][] = [];
    const ends: (() => void)[] = [];
    const ask = inRounds(async (questions: readonly number[]) => {
      rounds.push([...questions]);
      await new Promise<void>((resolve) => ends.push(resolve));
      return questions.map((question) => question * 2);
    });
    const first = ask(1);
    const others = [ask(2), ask(3), ask(2)];
    expect(rounds).toEqual([[1]]);
    ends[0]?.();
    expect(await first).toBe(2);
    await Promise.resolve();
    expect(rounds).toEqual([[1], [2, 3, 2]]);
    ends[1]?.();
    expect(await Promise.all(others)).toEqual([4, 6, 4]);
  });

  it('fail for those who asked, and go on', async () => {
    let round = 0;
    const ask = inRounds(async (questions: readonly string[]) => {
      if (++round === 1) throw new Error('no look');
      return questions;
    });
    const [first, second] = await Promise.allSettled([ask('a'), ask('b')]);
    expect(first).toMatchObject({ status: 'rejected', reason: new Error('no look') });
    expect(second).toEqual({ status: 'fulfilled', value: 'b' });
  });
});
