import { LONGEST_VALUE } from '../limits.ts';
import { NeedsShell } from './shell-syntax.ts';

/** Variables as a shell has them. `isOptional`: one that is not set is nothing to complain of. */
export type Lookup = (name: string, isOptional: boolean) => string | undefined;

/** So much is put in for the variables of one line, which may name a long one again and again. */
const MOST_PUT_IN = 8 * LONGEST_VALUE;

/** A lookup for one line. It throws NeedsShell for more than is put into that. */
export function withinLimits(lookup: Lookup): Lookup {
  let left = MOST_PUT_IN;
  return (name, isOptional) => {
    const value = lookup(name, isOptional);
    left -= value?.length ?? 0;
    if (left < 0) throw new NeedsShell(`more than ${MOST_PUT_IN} characters of variables`);
    return value;
  };
}

export interface Field {
  text: string;
  /** It has `*`, `?` or `[` outside of quotes. */
  isPattern: boolean;
}

/**
 * The words that one written word becomes: variables put in; those outside of quotes are split at blanks, and vanish
 * when they are empty.
 *
 * @throws NeedsShell for what is not known before a shell runs
 */
export function expandWord(word: string, lookup: Lookup): Field[] {
  const fields: Field[] = [];
  let field: Field | null = null;
  const add = (text: string) => {
    field ??= { text: '', isPattern: false };
    field.text += text;
  };
  /** In quotes: it stands for itself, also in a pattern. */
  let isLiteral = false;
  const addQuoted = (text: string) => {
    isLiteral ||= /[*?[\]\\!-]/.test(text);
    add(text);
  };
  const endField = () => {
    if (field?.isPattern === true && isLiteral) throw new NeedsShell(word);
    if (field !== null) fields.push(field);
    field = null;
    isLiteral = false;
  };
  for (let at = 0; at < word.length;) {
    const char = word.charAt(at);
    if (char === "'") {
      const end = word.indexOf("'", at + 1);
      addQuoted(word.slice(at + 1, end));
      at = end + 1;
    } else if (char === '"') {
      const inner = doubleQuoted(word, at, lookup);
      addQuoted(inner.text);
      at = inner.end;
    } else if (char === '\\') {
      addQuoted(word.charAt(at + 1) === '\n' ? '' : word.charAt(at + 1));
      at += 2;
    } else if (char === '$') {
      const { value, end } = variableAt(word, at, lookup);
      if (/[*?[\\]/.test(value)) throw new NeedsShell('a pattern in a variable');
      for (const [index, piece] of value.split(/[ \t\n]+/).entries()) {
        if (index > 0) endField();
        if (piece !== '') add(piece);
      }
      at = end;
    } else {
      if (char === '~' && at === 0) throw new NeedsShell('~');
      if (char === '{' && /^\{[^}]*(?:,|\.\.)[^}]*\}/.test(word.slice(at))) throw new NeedsShell('{…}');
      add(char);
      if (/[*?[]/.test(char) && word !== '[') markPattern(field);
      at++;
    }
  }
  endField();
  return fields;
}

function markPattern(field: Field | null): void {
  if (field !== null) field.isPattern = true;
}

/** A word where a shell neither splits nor looks for files: what is assigned, what `case` compares. */
export function expandWhole(word: string, lookup: Lookup): string {
  const quoted = word.replace(/^([A-Za-z_]\w*=)?/, '');
  const prefix = word.slice(0, word.length - quoted.length);
  let out = prefix;
  for (let at = 0; at < quoted.length;) {
    const char = quoted.charAt(at);
    if (char === "'") {
      const end = quoted.indexOf("'", at + 1);
      out += quoted.slice(at + 1, end);
      at = end + 1;
    } else if (char === '"') {
      const inner = doubleQuoted(quoted, at, lookup);
      out += inner.text;
      at = inner.end;
    } else if (char === '\\') {
      out += quoted.charAt(at + 1);
      at += 2;
    } else if (char === '$') {
      const { value, end } = variableAt(quoted, at, lookup);
      out += value;
      at = end;
    } else {
      if (char === '~') throw new NeedsShell('~');
      out += char;
      at++;
    }
  }
  return out;
}

function doubleQuoted(word: string, from: number, lookup: Lookup): { text: string; end: number } {
  let text = '';
  for (let at = from + 1; at < word.length;) {
    const char = word.charAt(at);
    if (char === '"') return { text, end: at + 1 };
    if (char === '\\') {
      const next = word.charAt(at + 1);
      text += /["$\\`]/.test(next) ? next : next === '\n' ? '' : `\\${next}`;
      at += 2;
    } else if (char === '$') {
      const { value, end } = variableAt(word, at, lookup);
      text += value;
      at = end;
    } else {
      text += char;
      at++;
    }
  }
  throw new NeedsShell('without "');
}

function variableAt(word: string, at: number, lookup: Lookup): { value: string; end: number } {
  const rest = word.slice(at);
  const plain = /^\$([A-Za-z_]\w*)/.exec(rest) ?? /^\$\{([A-Za-z_]\w*)\}/.exec(rest);
  if (plain?.[1] !== undefined) return { value: lookup(plain[1], false) ?? '', end: at + plain[0].length };
  const braced = /^\$\{([A-Za-z_]\w*)(:?)([-+])([^}"'`$\\*?[]*)\}/.exec(rest);
  if (braced !== null) {
    const [whole, name = '', colon, sign, other = ''] = braced;
    const value = lookup(name, true);
    const isSet = value !== undefined && !(colon === ':' && value === '');
    return { value: sign === '-' ? (isSet ? value : other) : isSet ? other : '', end: at + whole.length };
  }
  if (/^\$[{(\d@*#?$!-]/.test(rest)) throw new NeedsShell('$');
  return { value: '$', end: at + 1 };
}

/** Variables that mean something to a shell itself, or that it sets. */
export const OF_THE_SHELL =
  /^(?:PATH|PWD|OLDPWD|IFS|CDPATH|ENV|OPTIND|PPID|PS4|LINENO|_|BASH.*|RANDOM|SECONDS|UID|EUID)$/;
