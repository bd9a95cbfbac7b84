import { parseEnv } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseEnvFile } from '../../../../src/cli/submit/env-file.ts';

const read = (text: string) => parseEnvFile(text, 'x.env').map(({ name, value }) => [name, value]);

describe('parseEnvFile', () => {
  it.each<[string, string, [string, string | null][]]>([
    [
      'plain',
      'A=1\nB=two words\n',
      [
        ['A', '1'],
        ['B', 'two words'],
      ],
    ],
    ['no newline at the end', 'A=1', [['A', '1']]],
    [
      'CRLF and BOM',
      '\uFEFFA=1\r\nB=2\r\n',
      [
        ['A', '1'],
        ['B', '2'],
      ],
    ],
    ['comments and blank lines', '# head\n\n  # more\nA=1 # tail\n', [['A', '1']]],
    ['a # inside a value', 'URL=http://x/#frag\n', [['URL', 'http://x/#frag']]],
    ['export', 'export A=1\n', [['A', '1']]],
    [
      'from the shell',
      'A\nexport B\n',
      [
        ['A', null],
        ['B', null],
      ],
    ],
    [
      'empty values',
      'A=\nB=""\nC=\'\'\n',
      [
        ['A', ''],
        ['B', ''],
        ['C', ''],
      ],
    ],
    ['only a comment as value', 'A= # nothing\n', [['A', '']]],
    ['single quotes are literal', 'A=\'a\\n$B "c" # no\'\n', [['A', 'a\\n$B "c" # no']]],
    ['double quotes escape', 'A="a\\nb\\t\\"c\\" \\\\ \\$ \\x" # yes\n', [['A', 'a\nb\t"c" \\ $ \\x']]],
    [
      'quotes over several lines',
      'KEY="one\ntwo"\nB=1\n',
      [
        ['KEY', 'one\ntwo'],
        ['B', '1'],
      ],
    ],
    ['= inside a value', 'A=b=c==\n', [['A', 'b=c==']]],
    ['quotes inside a bare value', 'A=it\'s "so"\n', [['A', 'it\'s "so"']]],
    [
      'the last one stays last',
      'A=1\nA=2\n',
      [
        ['A', '1'],
        ['A', '2'],
      ],
    ],
    ['nothing', '', []],
  ])('%s', (_, text, expected) => {
    expect(read(text)).toEqual(expected);
  });

  it.each([
    ['a name that begins with a digit', 'A=1\n1B=2\n', 2],
    ['words without =', 'two words\n', 1],
    ['an open quote', 'A=1\n\nB="never closed\nC=1\n', 3],
    ['text behind a quote', 'A="x" y\n', 1],
    ['a NUL', 'A=1\nB=x\0y\n', 2],
    ['a line after a quoted value of two lines', 'A="x\ny"\n!\n', 3],
  ])('refuses %s with its line', (_, text, line) => {
    expect(() => parseEnvFile(text, 'x.env')).toThrow(
      expect.objectContaining({ code: 'usage', message: expect.stringMatching(`^x\\.env:${line}:`) }),
    );
  });

  it('gives back what was written in single quotes', () => {
    const value = fc.string().filter((text) => !/['\u0000]/.test(text));
    fc.assert(
      fc.property(value, (text) => {
        expect(read(`A='${text}'\n`)).toEqual([['A', text]]);
      }),
    );
  });

  it('reads or refuses anything, and ends', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'A1_= #\'"\\\n\r\t$export') }), (text) => {
        try {
          for (const { name } of parseEnvFile(text, 'x')) expect(name).toMatch(/^[A-Za-z_][A-Za-z0-9_]*$/);
        } catch (error) {
          expect(error).toMatchObject({ code: 'usage' });
        }
      }),
    );
  });

  it('agrees with Node on plain values', () => {
    const value = fc.string({ unit: fc.constantFrom(...'aZ09 =:/.,-_$!?"') }).map((text) => text.trim());
    const plain = value.filter((text) => !/^["']/.test(text) && text !== '');
    fc.assert(
      fc.property(fc.dictionary(fc.stringMatching(/^[A-Z_]{1,4}$/), plain), (variables) => {
        const text = Object.entries(variables)
          .map(([name, written]) => `${name}=${written}\n`)
          .join('');
        expect(Object.fromEntries(read(text))).toEqual({ ...parseEnv(text) });
      }),
    );
  });

  it.each([
    ['cuts an address', 'URL=http://x/#frag\n', 'http://x/'],
    ['ends at an escaped quote', 'URL="a\\"b"\n', 'a\\'],
    ['is silent about what is no assignment', 'two words\n', undefined],
    ['knows no name alone', 'URL\n', undefined],
  ])('is there because Node %s; when this fails, look again', (_, text, seen) => {
    expect(parseEnv(text)['URL']).toBe(seen);
  });
});
