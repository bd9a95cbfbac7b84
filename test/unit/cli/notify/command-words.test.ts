import { describe, expect, test } from 'vitest';
import { commandWords } from '../../../../src/cli/notify/command-words.ts';
import { shownNotify } from '../../../../src/cli/notify/shown.ts';

describe('a command to notify', () => {
  test.each([
    ['notify-send done', ['notify-send', 'done']],
    [`notify-send "it has ended" 'x y'`, ['notify-send', 'it has ended', 'x y']],
    ['  a\tb  ', ['a', 'b']],
    [String.raw`a\ b "c\"d" 'e\f'`, ['a b', 'c"d', String.raw`e\f`]],
    ['a "" b', ['a', '', 'b']],
    ['say $HOME `id` ; rm *', ['say', '$HOME', '`id`', ';', 'rm', '*']],
    ['["sh", "-c", "cat > x"]', ['sh', '-c', 'cat > x']],
    ['', []],
  ])('%s', (text, words) => {
    expect(commandWords(text)).toEqual(words);
  });

  test.each(['a "b', "a 'b", '[1]', '[', 'a \\'])('%s is refused', (text) => {
    expect(() => commandWords(text)).toThrow(expect.objectContaining({ code: 'usage' }));
  });
});

test.each([
  ['https://hooks.example.com/services/T0/secret?x=1', 'https://hooks.example.com/***'],
  ['https://user:password@hooks.example.com', 'https://hooks.example.com'],
  ['notify-send secret', 'notify-send …'],
  ['beep', 'beep'],
])('is shown without what may be secret: %s', (text, shown) => {
  expect(shownNotify(text)).toBe(shown);
});
