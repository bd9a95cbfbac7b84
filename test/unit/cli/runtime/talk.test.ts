import { beforeEach, expect, test, vi } from 'vitest';
import { createTalk } from '../../../../src/cli/runtime/talk.ts';
import { screenOf } from '../../../../src/cli/runtime/screen.ts';

/** Spinners that turn: each has a timer, which keeps a process alive. */
const turning = vi.hoisted(() => new Set<object>());
vi.mock('ora', () => ({
  default: ({ text }: { text: string }) => {
    const spinner = {
      text,
      start: () => (turning.add(spinner), spinner),
      stop: () => turning.delete(spinner),
    };
    return spinner;
  },
}));
beforeEach(() => turning.clear());

const talking = () =>
  createTalk({ write: () => undefined, screen: screenOf({ isTTY: true, columns: 80 }, {}), animate: true });
const texts = () => [...turning].map((spinner) => 'text' in spinner && spinner.text);

test('progress is shown again after it was settled', async () => {
  const talk = talking();
  talk.progress('one');
  await expect.poll(texts).toEqual(['one']);
  talk.settle();
  expect(texts()).toEqual([]);
  talk.progress('two');
  await expect.poll(texts).toEqual(['two']);
});

test('what still goes on when the command has ended shows nothing, and does not keep it alive', async () => {
  const talk = talking();
  talk.progress('1 kB copied');
  await expect.poll(texts).toEqual(['1 kB copied']);
  talk.end();
  talk.progress('2 kB copied');
  await new Promise(setImmediate);
  expect(texts()).toEqual([]);
});
