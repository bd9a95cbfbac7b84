import { expect, it } from 'vitest';
import { harmless, harmlessJson, harmlessLine } from '../../../src/base/text/harmless.ts';

it.each([
  ['plain, ünïcode, 漢字, 😀', 'plain, ünïcode, 漢字, 😀'],
  ['a\tb\nc\r\nd\re', 'a\tb\nc\nd\ne'],
  ['\u001b[2Jgone', '\ufffd[2Jgone'],
  ['\u009b2J', '\ufffd2J'],
  ['\u001b]0;title\u0007', '\ufffd]0;title\ufffd'],
  ['invoice\u202egpj.exe', 'invoice\ufffdgpj.exe'],
  ['\u2066x\u2069\u200f\u061c', '\ufffdx\ufffd\ufffd\ufffd'],
  ['\u0000\u0008\u007f', '\ufffd\ufffd\ufffd'],
])('text %j is shown as %j', (text, shown) => {
  expect(harmless(text)).toBe(shown);
});

it('JSON is the same document, and acts on no terminal', () => {
  const document = { 'a\u009b': ['\u202e', '\u007f', '\u001b[31m', 'ü\u0085'], plain: '漢' };
  const safe = harmlessJson(JSON.stringify(document));
  expect(JSON.parse(safe)).toEqual(document);
  // oxlint-disable-next-line no-control-regex
  expect(safe).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/);
  expect(safe).toContain('漢');
});

it.each([
  ['\u001b[1;31mred\u001b[0m', '\u001b[1;31mred\u001b[0m'],
  ['\u001b[38:2:1:2:3mcolour', '\u001b[38:2:1:2:3mcolour'],
  ['a\u001b[2J\u001b[Hb', 'ab'],
  ['a\u001b[?1049hb', 'ab'],
  ['\u001b]0;owned\u0007b', 'b'],
  ['\u001b]8;;http://evil\u001b\\click\u001b]8;;\u001b\\', 'click'],
  ['\u001bPq#0;2\u001b\\b', 'b'],
  ['\u001bc\u001b(0b\u001b', 'b'],
  ['\u001b]52;c;never ended', ''],
  ['50%\r100%', '50%\r100%'],
  ['a\bb\u0007', 'a\ufffdb\ufffd'],
  ['\u009b31mx\u202ey', '\ufffd31mx\ufffdy'],
])('of the printed line %j a terminal gets %j', (text, shown) => {
  expect(harmlessLine(text)).toBe(shown);
});

it('takes no longer for what never ends', () => {
  for (const start of ['\u001b[', '\u001b]', '\u001b ']) {
    const long = start.repeat(100_000);
    expect(harmlessLine(long).length).toBeLessThan(long.length);
  }
});
