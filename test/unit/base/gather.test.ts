import { expect, test } from 'vitest';
import { gathered } from '../../../src/base/async/gather.ts';
import { createTurn } from '../../../src/base/async/turn.ts';

/** A gathering whose works end at the test's word. */
function open() {
  const begun: number[][] = [];
  const ends: ((error?: Error) => void)[] = [];
  const inTurn = createTurn();
  const gather = gathered<number>({ inTurn, most: 3 }, (all) => {
    begun.push(all);
    return new Promise((resolve, reject) => ends.push((error) => (error ? reject(error) : resolve())));
  });
  return { begun, ends, gather, inTurn };
}

test('what comes while others are done is done together, in its order', async () => {
  const { begun, ends, gather } = open();
  const first = gather(1);
  await expect.poll(() => begun).toEqual([[1]]);
  const others = [2, 3, 4].map((one) => gather(one));
  ends[0]?.();
  await first;
  await expect.poll(() => begun).toEqual([[1], [2, 3, 4]]);
  ends[1]?.();
  await Promise.all(others);
  const last = gather(5);
  await expect.poll(() => begun).toEqual([[1], [2, 3, 4], [5]]);
  ends[2]?.();
  await last;
});

test('a failure is told to all whose work it was, and to nobody else', async () => {
  const { begun, ends, gather } = open();
  const first = gather(1);
  await expect.poll(() => begun.length).toBe(1);
  const [second, third] = [gather(2), gather(3)];
  ends[0]?.(new Error('the first'));
  await expect(first).rejects.toThrow('the first');
  await expect.poll(() => begun.length).toBe(2);
  ends[1]?.();
  await Promise.all([second, third]);
});

test('what is given its turn later comes later', async () => {
  const { begun, ends, gather, inTurn } = open();
  const one = gather(1);
  let isLater = false;
  const after = inTurn(async () => {
    isLater = true;
  });
  await expect.poll(() => begun.length).toBe(1);
  expect(isLater).toBe(false);
  ends[0]?.();
  await Promise.all([one, after]);
  expect(isLater).toBe(true);
});

test('more than may be done together are done one lot after the other', async () => {
  const { begun, ends, gather } = open();
  const all = Promise.all([1, 2, 3, 4, 5, 6, 7].map((one) => gather(one)));
  const lots = [[1, 2, 3], [4, 5, 6], [7]];
  for (const at of lots.keys()) {
    await expect.poll(() => begun).toEqual(lots.slice(0, at + 1));
    ends[at]?.();
  }
  await all;
});
