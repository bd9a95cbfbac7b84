/** What a submitter prints that was started again is taken once. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRepetition } from '../../../../../src/engines/kubernetes/logs/repeat.ts';
import { cutAt } from './arbitrary.ts';

/** The file after a second log was taken into it. */
async function after(before: string, pieces: readonly Buffer[]): Promise<string> {
  const file = Buffer.from(before);
  const read = (at: number, length: number) => Promise.resolve(file.subarray(at, at + length));
  const repetition = createRepetition({ read, size: file.length });
  for (const [index, piece] of pieces.entries()) {
    const news = await repetition.take(piece);
    if (news !== null) return Buffer.concat([file, news.bytes, ...pieces.slice(index + 1)]).toString();
  }
  return Buffer.concat([file, (await repetition.end()).bytes]).toString();
}

const hello = (second: number) =>
  `2026-11-22 10:00:0${second},123\tINFO cli.py:41 -- Job submission server address: http://h:8265\n`;
const SUBMITTED = "\nJob 'e-1' submitted successfully\n\nNext steps\n";

test.each([
  ['goes on', `${hello(1)}a\nb\n`, `${hello(2)}a\nb\nc\n`, `${hello(1)}a\nb\nc\n`],
  ['goes on in a line', `${hello(1)}a\nb`, `${hello(2)}a\nbc\n`, `${hello(1)}a\nbc\n`],
  ['begins later', `${hello(1)}${SUBMITTED}${hello(2)}a\nb\n`, `${hello(3)}a\nb\nc\n`, `${hello(1)}${SUBMITTED}${hello(2)}a\nb\nc\n`],
  ['ends sooner', `${hello(1)}a\nb\n`, `${hello(2)}a\n`, `${hello(1)}a\nb\n`],
  ['ends in its first line', `${hello(1)}a\nb\n`, hello(2), `${hello(1)}a\nb\n`],
  ['parts from it in a line', `${hello(1)}a\nTraceback 1\n`, `${hello(2)}a\nTrace 2\nc\n`, `${hello(1)}a\nTraceback 1\nTrace 2\nc\n`],
  ['is another', 'x\ny\n', 'a\nb\n', 'x\ny\na\nb\n'],
  ['is another, of one line without an end', 'x\ny\n', 'a', 'x\ny\na'],
  ['says nothing', 'x\ny\n', '', 'x\ny\n'],
])('a log that %s', async (_, before, now, file) => {
  expect(await after(before, cutAt(Buffer.from(now), []))).toBe(file);
  expect(await after(before, [...now].map((character) => Buffer.from(character)))).toBe(file);
}); // prettier-ignore

test('whatever was printed twice from the beginning is there once, and what is new is there', async () => {
  const lines = fc.array(fc.constantFrom('', 'a', 'b', 'step 1', 'step 2'), { minLength: 2, maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(lines, lines, fc.nat(12), fc.array(fc.nat(9)), async (first, more, cut, pieces) => {
      const all = [...first, ...more].map((line) => `${line}\n`).join('');
      const before = all.slice(0, Math.max(first.join('\n').length + 1, all.length - cut));
      expect(await after(before, cutAt(Buffer.from(all), pieces))).toBe(all);
    }),
  );
});
