import { AichorError } from '../../errors.ts';

/** One assignment of an env file; `value` null: `NAME` alone, to be taken from the shell. */
export interface EnvAssignment {
  name: string;
  value: string | null;
  line: number;
}

const NAME = '[A-Za-z_][A-Za-z0-9_]*';
/** A whole line: blank, comment, `NAME`, `NAME=value`; quoted values may go over several lines. */
const LINE = new RegExp(
  `[ \\t]*(?:#[^\\n]*|(?:export[ \\t]+)?(?<name>${NAME})[ \\t]*(?:=[ \\t]*(?:'(?<single>[^']*)'|"(?<double>(?:[^"\\\\]|\\\\[^])*)"|(?<bare>[^'"\\n][^\\n]*)?))?[ \\t]*(?:#[^\\n]*)?)?[ \\t]*(?:\\r?\\n|$)`,
  'y',
);

/*
 * Not `util.parseEnv`: it drops what it cannot read without a word, where a line number helps; it knows no `NAME` alone;
 * it ends an unquoted value at any `#` (`http://host/#part` becomes `http://host/`) and a quoted one at `\\"`, and takes the
 * next line for the value of `NAME=` before CRLF. Where it is right both give the same, which a test holds.
 */

/**
 * The assignments of an env file in order: `NAME=value`, `export NAME=value`, `NAME` (from the shell), comments
 * with `#`. `'…'` is taken as it is, `"…"` knows `\n \r \t \" \\ \$`, other values end before ` #` and lose blanks
 * around. Throws AichorError `usage` with the line that cannot be read, or that holds a NUL.
 */
export function parseEnvFile(text: string, file: string): EnvAssignment[] {
  const source = text.replace(/^\uFEFF/, '');
  const assignments: EnvAssignment[] = [];
  const line = new RegExp(LINE);
  const nul = source.indexOf('\0');
  if (nul >= 0) throw holdsNul(file, source.slice(0, nul).split('\n').length);
  let number = 1;
  for (let position = 0; position < source.length; position = line.lastIndex) {
    line.lastIndex = position;
    const match = line.exec(source);
    if (!match?.[0]) throw unreadable(file, number);
    const { name, single, double, bare } = match.groups ?? {};
    if (name !== undefined)
      assignments.push({ name, value: valueOf(match[0], { single, double, bare }), line: number });
    number += match[0].split('\n').length - 1;
  }
  return assignments;
}

type Written = Record<'single' | 'double' | 'bare', string | undefined>;

function valueOf(line: string, { single, double, bare }: Written): string | null {
  if (single !== undefined) return single;
  if (double !== undefined)
    return double.replace(/\\(.)/gs, (_, character: string) => ESCAPED.get(character) ?? `\\${character}`);
  if (bare !== undefined) return bare.replace(/(^|\s)#.*$/, '').trim();
  return line.includes('=') ? '' : null;
}

const ESCAPED: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['"', '"'],
  ['\\', '\\'],
  ['$', '$'],
]);

function unreadable(file: string, line: number): AichorError {
  return new AichorError('usage', `${file}:${line}: this is no assignment`, {
    hint: 'write NAME=value, NAME (the value of this shell), or a comment that begins with #',
  });
}

function holdsNul(file: string, line: number): AichorError {
  return new AichorError('usage', `${file}:${line}: there is a NUL character, which no variable can hold`, {
    hint: 'an env file is plain text: remove the character, or save the file as UTF-8',
  });
}
