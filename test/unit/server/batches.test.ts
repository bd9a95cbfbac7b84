import { expect, test } from 'vitest';
import { createFactQueue } from '../../../src/engines/facts.ts';
import { batches } from '../../../src/server/supervision/batches.ts';

const notice = (index: number) => ({ type: 'notice', code: 'x', message: `${index}` }) as const;

/** Sizes of the batches of so many facts that are there at once. */
async function sizes(facts: number, pods: number): Promise<number[]> {
  const queue = createFactQueue();
  for (let index = 0; index < facts; index++) queue.push(notice(index));
  queue.end();
  const seen: number[] = [];
  for await (const batch of batches(queue.facts(), pods)) seen.push(batch.length);
  return seen;
}

test.each([
  [1, [512, 512, 512, 512, 512, 440]],
  [1500, [1500, 1500]],
  [50_000, [2048, 952]],
])(
  'of %d pods so many facts are stored together that their row is not written for few',
  async (pods, seen) => {
    expect(await sizes(3000, pods)).toEqual(seen);
  },
);

test('what is there is not kept back until there is more', async () => {
  const queue = createFactQueue();
  const iterator = batches(queue.facts(), 5000)[Symbol.asyncIterator]();
  queue.push(notice(1));
  expect((await iterator.next()).value).toHaveLength(1);
  queue.push({ type: 'failure', reason: 'NonZeroExit', explanation: '' });
  queue.push(notice(2));
  expect((await iterator.next()).value).toMatchObject([{ type: 'failure' }]);
  queue.end();
  expect((await iterator.next()).value).toMatchObject([{ message: '2' }]);
});
