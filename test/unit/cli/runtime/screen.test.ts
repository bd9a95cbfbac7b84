import { expect, it } from 'vitest';
import { canAnimate, screenOf, type Output } from '../../../../src/cli/runtime/screen.ts';

it.each<[string, Output, Record<string, string>, boolean]>([
  ['a terminal', { isTTY: true, columns: 80 }, { TERM: 'xterm' }, true],
  ['a pipe', {}, { TERM: 'xterm' }, false],
  ['a dumb terminal', { isTTY: true, columns: 80 }, { TERM: 'dumb' }, false],
  ['a terminal of a CI', { isTTY: true, columns: 80 }, { TERM: 'xterm', CI: 'true' }, false],
  // What `script`, `expect` and Python's `pty` open: a spinner there would count rows of no width, without end.
  ['a terminal without a size', { isTTY: true, columns: 0 }, { TERM: 'xterm' }, false],
])('may something move on %s?', (_name, output, env, moves) => {
  expect(canAnimate(output, env)).toBe(moves);
});

it('draws as if a terminal without a size had the usual one', () => {
  expect(screenOf({ isTTY: true, columns: 0 }, {}).width).toBe(80);
});
