import { AichorError } from '../../errors.ts';

/**
 * A command as words, without a shell: at blanks, with 'single' and "double" quotes and backslashes as shells read them;
 * or a JSON list of strings. Nothing is expanded. Throws AichorError `usage`.
 */
export function commandWords(text: string): string[] {
  return text.trimStart().startsWith('[') ? listed(text) : split(text);
}

function listed(text: string): string[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw mistake('the list of words is not valid JSON', cause);
  }
  if (Array.isArray(value) && value.every((word) => typeof word === 'string')) return value;
  throw mistake('the list has something that is not a string');
}

/** A quoted piece, an escaped character, a plain piece, or blanks between words. */
const PIECE = /'([^']*)'|"((?:\\[^]|[^"\\])*)"|\\([^])|([^\s'"\\]+)|(\s+)/gy;

function split(text: string): string[] {
  const words: string[] = [];
  let word: string | null = null;
  let end = 0;
  for (const match of text.matchAll(PIECE)) {
    const [all, single, double, escaped, plain, blanks] = match;
    end = match.index + all.length;
    if (blanks !== undefined) {
      if (word !== null) words.push(word);
      word = null;
    } else word = (word ?? '') + (single ?? double?.replace(/\\(["\\$`])/g, '$1') ?? escaped ?? plain ?? '');
  }
  if (end < text.length) throw mistake('a quote is not closed');
  return word === null ? words : [...words, word];
}

function mistake(what: string, cause?: unknown): AichorError {
  return new AichorError('usage', `the command to notify: ${what}`, {
    hint: `write it as in a shell ('notify-send "it has ended"'), or as a list: '["notify-send","it has ended"]'`,
    cause,
  });
}
