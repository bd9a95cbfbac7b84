import { variableAt } from './substitute.ts';

/** One simple command of a shell line. */
export interface ShellCommand {
  words: string[];
  /** File that it writes to (`> file`), or null. */
  output: string | null;
}

/** What a shell line consists of: words, and signs between commands. */
export type ShellToken =
  | { kind: 'word'; text: string; quoted: boolean }
  | { kind: 'separator' }
  | { kind: 'redirect'; isOutput: boolean };

/** Words that are computed when the command runs: nothing can be told of them. */
const COMPUTED = /\$\(|`/;

export function isComputed(word: string): boolean {
  return COMPUTED.test(word);
}

/** Splits a text for a shell; variables that are known are put in, others stay as they are written. */
export function tokenize(text: string, values: ReadonlyMap<string, string>): ShellToken[] {
  const tokens: ShellToken[] = [];
  for (let at = 0; at < text.length;) {
    const rest = text.slice(at, at + 40);
    const blank = /^[ \t\r]+/.exec(rest);
    const separator = /^(?:&&|\|\||;;|[;&|\n()])/.exec(rest);
    const redirect = /^(?:\d?>>?&?\d?|&>>?|<)/.exec(rest);
    if (blank !== null) at += blank[0].length;
    else if (rest.startsWith('#')) at = endOfLine(text, at);
    else if (separator !== null && !rest.startsWith('&>')) {
      tokens.push({ kind: 'separator' });
      at += separator[0].length;
    } else if (redirect !== null) {
      at += redirect[0].length;
      if (!/&\d$/.test(redirect[0])) tokens.push({ kind: 'redirect', isOutput: /^1?>/.test(redirect[0]) });
    } else {
      const word = readWord(text, at, values);
      tokens.push({ kind: 'word', text: word.text, quoted: word.quoted });
      at = word.end;
    }
  }
  return tokens;
}

function endOfLine(text: string, at: number): number {
  const end = text.indexOf('\n', at);
  return end === -1 ? text.length : end;
}

function readWord(
  text: string,
  from: number,
  values: ReadonlyMap<string, string>,
): { text: string; quoted: boolean; end: number } {
  let out = '';
  let quote: string | null = null;
  let quoted = false;
  let at = from;
  for (; at < text.length; at++) {
    const char = text.charAt(at);
    if (quote === null && /[\s;&|()<>]/.test(char)) break;
    if (char === quote) quote = null;
    else if (quote === null && (char === '"' || char === "'")) [quote, quoted] = [char, true];
    else if (char === '\\' && quote !== "'") at = takeEscaped(text, at, (each) => (out += each));
    else if (text.startsWith('$(', at) && quote !== "'") {
      const end = closingParenthesis(text, at + 2);
      out += text.slice(at, end + 1);
      at = end;
    } else if (char === '$' && quote !== "'") {
      const { value, end } = variableAt(text, at, values);
      out += value;
      at = end - 1;
    } else out += char;
  }
  return { text: out, quoted, end: Math.max(at, from + 1) };
}

/** A backslash at the end of a line joins it with the next. */
function takeEscaped(text: string, at: number, take: (char: string) => void): number {
  const next = text.charAt(at + 1);
  if (next !== '\n') take(next);
  return at + 1;
}

function closingParenthesis(text: string, from: number): number {
  let depth = 1;
  for (let at = from; at < text.length; at++) {
    if (text[at] === '(') depth++;
    else if (text[at] === ')' && --depth === 0) return at;
  }
  return text.length - 1;
}
