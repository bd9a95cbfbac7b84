import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { codeFrame } from '../../../src/manifest/places/code-frame.ts';
import { didYouMean } from '../../../src/base/text/did-you-mean.ts';
import { dotted } from '../../../src/manifest/diagnostic.ts';
import { formatDuration, parseDuration } from '../../../src/base/text/duration.ts';
import { innerPath } from '../../../src/manifest/inner-path.ts';

describe('durations', () => {
  test.each([
    ['1w 2d 5h 6m 20s', 795_980],
    ['2m', 120],
    [' 36h ', 129_600],
    ['1d12h', 129_600],
    ['10 s', 10],
    ['20s 1m', 80],
  ])('%j is %d seconds', (text, seconds) => {
    expect(parseDuration(text)).toEqual({ seconds });
  });

  test.each([
    ['', '8h'],
    ['3600', '"3600s" is seconds'],
    ['90', '"90d" days'],
    ['8H', '"8h"'],
    ['1.5h', '"1h 30m"'],
    ['1h 2h', 'twice'],
    ['5 parsecs', 'units are'],
    ['-1h', 'units are'],
    ['1h,2m', 'units are'],
    ['99999999999999999999w', 'longer'],
  ])('%j is refused with a proposal: %s', (text, hint) => {
    const parsed = parseDuration(text);
    expect('hint' in parsed ? parsed.hint : parsed).toContain(hint);
  });

  test('what is written can be read', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e9 }), (seconds) => {
        expect(parseDuration(formatDuration(seconds))).toEqual({ seconds });
      }),
    );
  });
});

describe('code frames', () => {
  const at = (line: number, column: number, width: number) => ({
    line,
    column,
    end_line: line,
    end_column: column + width,
  });

  test.each([
    ['the first line', 'abc: d', at(1, 1, 3), '1 | abc: d\n  | ^^^'],
    ['the last line, no newline', 'a\nbc: d', at(2, 5, 1), '2 | bc: d\n  |     ^'],
    ['behind the last character', 'ab', at(1, 3, 0), '1 | ab\n  |   ^'],
    ['CRLF', 'ab\r\ncd\r\n', at(2, 1, 2), '2 | cd\n  | ^^'],
    ['tabs', '\tab: c', at(1, 2, 2), '1 |     ab: c\n  |     ^^'],
    ['wide characters', '名前: x', at(1, 1, 2), '1 | 名前: x\n  | ^^^^'],
    ['after wide characters', '名: x', at(1, 4, 1), '1 | 名: x\n  |     ^'],
    ['an emoji', '🚀: x', at(1, 5, 1), '1 | 🚀: x\n  |     ^'],
    ['combining marks', 'e\u0301: x', at(1, 5, 1), '1 | e\u0301: x\n  |    ^'],
    ['control characters', 'a\u001b[31mb', at(1, 1, 1), '1 | a·[31mb\n  | ^'],
    [
      'a place that goes on',
      'a: b\nc: d',
      { line: 1, column: 4, end_line: 2, end_column: 2 },
      '1 | a: b\n  |    ^',
    ],
    ['a line that is not there', 'a', at(5, 1, 1), ''],
  ])('%s', (_, source, place, expected) => {
    expect(codeFrame(source, place)).toBe(expected);
  });

  test('a long line is cut around the place', () => {
    const frame = codeFrame(`${'x'.repeat(500)}HERE${'y'.repeat(500)}`, at(1, 501, 4));
    const [line = '', caret = ''] = frame.split('\n');
    expect(line.length).toBeLessThan(120);
    expect(line.slice(caret.indexOf('^'), caret.indexOf('^') + 4)).toBe('HERE');
  });

  test('carets stand below what is meant, whatever the text', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', '\t', '名', ':', ' '), maxLength: 60 }),
        fc.nat(60),
        (source, offset) => {
          const frame = codeFrame(source, at(1, offset + 1, 1));
          expect(frame.split('\n')).toHaveLength(2);
          expect(frame).toContain('^');
        },
      ),
    );
  });
});

describe('what was probably meant', () => {
  test.each([
    ['cpu', 'cpus'],
    ['CPUS', 'cpus'],
    ['memroy', 'memory'],
    ['ramRation', 'ramRatio'],
    ['xyz', null],
    ['', null],
  ])('%s: %s', (word, expected) => {
    expect(didYouMean(word, ['cpus', 'memory', 'ramRatio'])).toBe(expected);
  });

  test('a word is always nearest to itself', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.string({ minLength: 1, maxLength: 9, unit: fc.constantFrom('a', 'b', 'c') }), {
          minLength: 1,
        }),
        (words) => {
          for (const word of words) expect(didYouMean(word, words)).toBe(word);
        },
      ),
    );
  });
});

describe('paths', () => {
  test('of a document', () => {
    expect(dotted(['spec', 'types', 'Workers', 0, 'extraSelectors', 'karpenter.sh/zone'])).toBe(
      'spec.types.Workers[0].extraSelectors["karpenter.sh/zone"]',
    );
    expect(dotted([])).toBe('');
  });

  test.each([
    ['.', './a/../b/', 'b'],
    ['a/b', '../c', 'a/c'],
    ['a', '..', '.'],
    ['a', '../..', null],
    ['.', '/etc', null],
    ['.', '', '.'],
  ])('from %s to %s: %s', (folder, to, expected) => {
    expect(innerPath(folder, to)).toBe(expected);
  });
});
