import { readLines, type Heredoc } from './lines.ts';

/** One instruction of a Dockerfile, before variables are put in. */
export interface Instruction {
  /** Upper case: `FROM`, `COPY`, … */
  keyword: string;
  /** First line, from 1. */
  line: number;
  /** `--name=value` in front of the arguments; a flag without a value is `true`. */
  flags: { name: string; value: string }[];
  /** Arguments as one text: lines joined, comments left out, heredocs not in it. */
  text: string;
  /** Arguments of the JSON form (`["a", "b"]`), else null. */
  json: string[] | null;
  /** `ENV`, `ARG`: names with their values; null where there is only a name. */
  properties: { name: string; value: string | null }[];
  heredocs: Heredoc[];
  /** The escape character of the file. */
  escape: string;
}

const WITH_FLAGS = new Set(['FROM', 'ADD', 'COPY', 'RUN', 'HEALTHCHECK']);

/**
 * The instructions of a Dockerfile in order, by BuildKit's rules.
 *
 * @throws InvalidDockerfile for a heredoc without an end
 */
export function readInstructions(source: string): Instruction[] {
  const { escape, lines } = readLines(source);
  return lines.map(({ text, line, heredocs }) => ({ ...readInstruction(text, escape), line, heredocs }));
}

/** The instruction in one joined line. */
export function readInstruction(text: string, escape: string): Omit<Instruction, 'line' | 'heredocs'> {
  const [, word = '', rest = ''] = /^(\S+)\s*(.*)$/s.exec(text.trim()) ?? [];
  const keyword = word.toUpperCase();
  const { flags, text: operands } = WITH_FLAGS.has(keyword) ? takeFlags(rest) : { flags: [], text: rest };
  const hasProperties = keyword === 'ENV' || keyword === 'ARG';
  return {
    keyword,
    flags,
    text: operands,
    json: readJson(operands),
    properties: hasProperties ? readProperties(operands, keyword, escape) : [],
    escape,
  };
}

/** Flags end at the first word that is none, or at `--`. */
function takeFlags(text: string): { flags: Instruction['flags']; text: string } {
  const flags: Instruction['flags'] = [];
  let rest = text.trimStart();
  for (;;) {
    const found = /^--((?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')*)(?:\s+|$)/s.exec(rest);
    if (found === null) return { flags, text: rest.trim() };
    rest = rest.slice(found[0].length);
    if (found[1] === '') return { flags, text: rest.trim() };
    const [, name = '', value] = /^([^=]*)(?:=(.*))?$/s.exec(unquoted(found[1] ?? '')) ?? [];
    flags.push({ name, value: value ?? 'true' });
  }
}

function unquoted(word: string): string {
  return word.replace(
    /"((?:[^"\\]|\\.)*)"|'([^']*)'/g,
    (_, double?: string, single?: string) => double ?? single ?? '',
  );
}

function readJson(text: string): string[] | null {
  if (!text.startsWith('[')) return null;
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) && value.every((each) => typeof each === 'string') ? value : null;
  } catch {
    // The shell form may begin with a bracket too: `[ -f x ] && …`.
    return null;
  }
}

/** `A=1 B="two words"`, the old form `NAME the rest` of ENV, and `ARG NAME`. */
function readProperties(text: string, keyword: string, escape: string): Instruction['properties'] {
  const words = splitProperties(text, escape);
  if (keyword === 'ENV' && words[0]?.includes('=') === false) {
    const [, name = '', value = ''] = /^(\S+)\s*(.*)$/s.exec(text) ?? [];
    return [{ name, value }];
  }
  return words.map((word) => {
    const equals = word.indexOf('=');
    if (equals === -1) return { name: word, value: null };
    return { name: word.slice(0, equals), value: word.slice(equals + 1) };
  });
}

/** Words with their quotes and escapes: blanks within either do not end one. */
function splitProperties(text: string, escape: string): string[] {
  const words: string[] = [];
  let word: string | null = null;
  let quote = '';
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    if (quote === '' && /\s/.test(char)) {
      if (word !== null) words.push(word);
      word = null;
      continue;
    }
    word = (word ?? '') + char;
    if (char === escape && quote !== "'" && at + 1 < text.length) word += text.charAt(++at);
    else if (quote === '' && (char === '"' || char === "'")) quote = char;
    else if (char === quote) quote = '';
  }
  return word === null ? words : [...words, word];
}
