/** One instruction's text, its lines joined, and the heredocs that follow it. */
export interface LogicalLine {
  text: string;
  /** Number of its first line, from 1. */
  line: number;
  heredocs: Heredoc[];
}

export interface Heredoc {
  /** The word that ends it, which is the name of the file that COPY makes of it. */
  name: string;
  /** As it is written, each line with its end. */
  content: string;
  /** `<<-`: tabs at the beginning of a line do not count. */
  chomps: boolean;
  /** Variables are put in: no part of the word was in quotes. */
  expands: boolean;
}

/** The lines of a Dockerfile as its instructions have them, and its escape character. */
export interface Lines {
  escape: string;
  lines: LogicalLine[];
}

/**
 * Joins lines by BuildKit's rules: one that ends in a single escape character goes on, with nothing put between;
 * comments and empty lines in it count for nothing; after `<<WORD` of ADD, COPY and RUN contents follow as they are.
 */
export function readLines(source: string): Lines {
  const physical = splitLines(source.replace(/^\uFEFF/, ''));
  const escape = escapeDirective(physical);
  const lines: LogicalLine[] = [];
  for (let at = 0; at < physical.length;) {
    const line = at + 1;
    let { text, goesOn } = piece(withoutEnd(physical[at++] ?? '').trimStart(), escape);
    while (goesOn && at < physical.length) {
      const next = withoutEnd(physical[at++] ?? '');
      if (isNothing(next)) continue;
      const more = piece(next, escape);
      text += more.text;
      goesOn = more.goesOn;
    }
    if (isNothing(text)) continue;
    const heredocs: Heredoc[] = [];
    for (const word of heredocWords(text)) {
      const read = readContent(word, physical, { from: at, line });
      heredocs.push(read.heredoc);
      at = read.end;
    }
    lines.push({ text: text.trimEnd(), line, heredocs });
  }
  return { escape, lines };
}

/** A line without the sign that it goes on; two such signs are one that is meant. */
function piece(line: string, escape: string): { text: string; goesOn: boolean } {
  const sign = escape === '`' ? /(^|[^`])`[ \t]*$/ : /(^|[^\\])\\[ \t]*$/;
  const goesOn = sign.test(line) && !isNothing(line);
  return { text: goesOn ? line.replace(sign, '$1') : line, goesOn };
}

function isNothing(line: string): boolean {
  return /^\s*(#|$)/.test(line);
}

/** With their ends: a heredoc keeps them. */
function splitLines(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

function withoutEnd(line: string): string {
  return line.replace(/[\r\n]+$/, '');
}

/** `# escape=` counts among the directives that a file begins with. */
function escapeDirective(lines: readonly string[]): string {
  for (const line of lines) {
    const found = /^\s*#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*$/.exec(withoutEnd(line));
    if (found === null) return '\\';
    if (found[1]?.toLowerCase() === 'escape') return found[2] === '`' ? '`' : '\\';
  }
  return '\\';
}

type HeredocWord = Omit<Heredoc, 'content'>;

/** The `<<WORD`s of an instruction that may have them. */
function heredocWords(text: string): HeredocWord[] {
  if (!/^(?:ONBUILD\s+)?(?:ADD|COPY|RUN)\s/i.test(text) || !text.includes('<<')) return [];
  const json = text.replace(/^(?:ONBUILD\s+)?\S+\s+(?:--\S+\s+)*/i, '');
  if (json.startsWith('[') && isJson(json)) return [];
  // A quote without an end: then no word of it is read as one.
  if (/["']/.test(text.replace(/\\.|"(?:[^"\\]|\\.)*"|'[^']*'/gs, ''))) return [];
  return splitWords(text).flatMap((word) => readHeredocWord(word));
}

/** What a word says of a heredoc; nothing: it is none. */
export function readHeredocWord(word: string): HeredocWord[] {
  const found = /^\d*<<(-?)\s*([^<]+)$/.exec(word);
  const raw = found?.[2] ?? '';
  const name = raw.replace(/(["'])(.*?)\1/g, '$2').replace(/\\(.)/g, '$1');
  const isPlain = name !== '' && !/\s/.test(name) && !/["']/.test(name);
  return found === null || !isPlain ? [] : [{ name, expands: !/["']/.test(raw), chomps: found[1] === '-' }];
}

function isJson(text: string): boolean {
  try {
    return Array.isArray(JSON.parse(text));
  } catch {
    // A shell line may begin with a bracket as well.
    return false;
  }
}

/** The content of a heredoc as its reader sees it. */
export function heredocContent({ content, chomps }: Heredoc): string {
  return chomps ? content.replace(/^\t+/gm, '') : content;
}

/** Splits at blanks outside of quotes; quotes and escapes stay. */
export function splitWords(text: string): string[] {
  return text.match(/(?:\d*<<-?[ \t]*)?(?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*'|\\$|["'])+/gs) ?? [];
}

function readContent(
  word: HeredocWord,
  lines: readonly string[],
  { from, line }: { from: number; line: number },
): { heredoc: Heredoc; end: number } {
  let content = '';
  for (let at = from; at < lines.length; at++) {
    const next = lines[at] ?? '';
    const plain = withoutEnd(next);
    if ((word.chomps ? plain.replace(/^\t+/, '') : plain) === word.name)
      return { heredoc: { ...word, content }, end: at + 1 };
    content += next;
  }
  throw new InvalidDockerfile(line, 'unterminated heredoc');
}

/** A file that no image build accepts. */
export class InvalidDockerfile extends Error {
  override readonly name = 'InvalidDockerfile';
  readonly line: number;

  /** @param line number of the line, from 1 */
  constructor(line: number, message: string) {
    super(message);
    this.line = line;
  }
}
