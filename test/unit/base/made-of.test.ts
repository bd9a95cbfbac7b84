import { expect, test } from 'vitest';
import { madeOf } from '../../../src/base/text/made-of.ts';

const long = (letter: string) => letter.repeat(200_000);

test('of long texts is remembered what was made of those that were given last', () => {
  const made: string[] = [];
  const first = madeOf((text) => {
    made.push(text.slice(0, 1));
    return text.slice(0, 1);
  }, 500_000);
  for (const text of ['a', 'b', 'a', 'c', 'a', 'b'].map(long)) expect(first(text)).toBe(text.slice(0, 1));
  expect(made.join('')).toBe('abcb');
});

test('neither short texts nor what takes more room than there is are remembered', () => {
  let made = 0;
  const doubled = madeOf((text) => {
    made++;
    return text + text;
  }, 500_000);
  for (const text of ['a', 'a', long('b'), long('b')]) expect(doubled(text)).toBe(text + text);
  expect(made).toBe(4);
});
