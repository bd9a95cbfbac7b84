import type { LineCounter, Node, YAMLError } from 'yaml';
import type { DiagnosticCode } from '../codes.ts';
import { quoted } from '../describe.ts';
import type { Finding } from '../diagnostic.ts';
import { brokenLine, lineTooDeep, lineWithoutColon, type Words } from './broken-line.ts';
import { unclosedIn, type Unclosed } from './unclosed.ts';

/** Beyond these the first ones say it all. */
const MOST_ERRORS = 20;

const LOOK_AROUND = 'check quotes, brackets and the indentation of this line and the one above';
const BAD_INDENT: Words = {
  message: 'this line is indented differently from its neighbours',
  hint: 'keys of one map start in the same column',
};
const AFTER_QUOTE: Words = {
  message: 'the text goes on behind its closing quote',
  hint: 'put the whole of it in quotes, of the other kind if it holds some',
};

/** What YAML's own error codes mean to somebody who writes a manifest, and what to look for. */
const EXPLAINED: Partial<Record<YAMLError['code'], Words>> = {
  TAB_AS_INDENT: {
    message: 'a tab indents this line',
    hint: 'YAML is indented with spaces; replace the tab by two spaces',
  },
  BAD_INDENT,
  MULTILINE_IMPLICIT_KEY: {
    message: 'this goes over several lines, as a key cannot',
    hint: 'quote a text that holds ": "; a colon or a quote may be missing too',
  },
  BLOCK_AS_IMPLICIT_KEY: {
    message: 'this value holds ": ", as a key does',
    hint: 'put quotes around the text; a nested key goes on a line of its own',
  },
  BLOCK_IN_FLOW: {
    message: 'a block stands inside brackets',
    hint: 'close the bracket above, or write the list without brackets',
  },
  MISSING_CHAR: {
    message: 'something is not closed or not separated here',
    hint: 'look for a missing quote, bracket, comma or colon above',
  },
  BAD_SCALAR_START: {
    message: 'a text cannot start with this character',
    hint: 'put quotes around the text',
  },
  BAD_DQ_ESCAPE: {
    message: 'this is not an escape that YAML knows',
    hint: 'write \\\\ for a backslash, or use single quotes',
  },
  BAD_ALIAS: { message: 'this alias is not a name', hint: 'put quotes around a text that starts with *' },
  KEY_OVER_1024_CHARS: {
    message: 'a key is longer than 1,024 characters',
    hint: 'a colon may stand where none was meant; quote the text',
  },
  MULTIPLE_DOCS: {
    message: 'there is a second document in this file',
    hint: 'one file holds one manifest: remove the line "---" and what follows',
  },
  RESOURCE_EXHAUSTION: {
    message: 'the document is nested too deeply',
    hint: 'a manifest has about ten levels',
  },
  UNEXPECTED_TOKEN: { message: 'this does not belong here', hint: LOOK_AROUND },
};

interface Broken {
  errors: readonly YAMLError[];
  contents: Node | null;
  text: string;
  lines: LineCounter;
}

/** YAML's errors in words, each at the line to correct. What follows a broken line is its echo, and left out. */
export function syntaxFindings({ errors, contents, text, lines }: Broken): Finding[] {
  const rows = rowsOf(text, lines);
  const sorted = errors.slice(0, MOST_ERRORS).sort((a, b) => a.pos[0] - b.pos[0]);
  const unclosed = unclosedIn(contents, text);
  const findings: Finding[] = [];
  let echoes = 0;
  for (const [index, error] of sorted.entries()) {
    const [start, end] = error.pos;
    const line = rows.lineAt(start);
    const isEcho = line <= echoes;
    echoes = Math.max(echoes, rows.lineAt(Math.max(start, end - 1)));
    if (isEcho) continue;
    const open = unclosed.findLast((each) => each.start < start);
    if (open) return [...findings, unclosedFinding(open, rows)];
    findings.push(tooDeep(error, sorted[index + 1], rows) ?? explain(error, rows));
  }
  return findings;
}

/** `a: b` with `c: d` deeper below: YAML reads "b c" as one key, but the second line is what is wrong. */
function tooDeep(error: YAMLError, next: YAMLError | undefined, rows: Rows): Finding | null {
  if (error.code !== 'BLOCK_AS_IMPLICIT_KEY' || next?.code !== 'MULTILINE_IMPLICIT_KEY') return null;
  if (next.pos[0] !== error.pos[0]) return null;
  const line = rows.lineAt(next.pos[1] - 1);
  const row = rows.row(line);
  const above = rows.lineAt(error.pos[0]);
  const broken = brokenLine(rows.row(above));
  if (broken) return onLine(rows, above, broken);
  return onLine(rows, line, brokenLine(row) ?? lineTooDeep(rows.row(above)));
}

function explain({ code, pos, message }: YAMLError, rows: Rows): Finding {
  const line = rows.lineAt(pos[0]);
  const row = rows.row(line);
  const before = row.slice(0, pos[0] - rows.start(line));
  const broken = brokenLine(row);
  if (broken) return onLine(rows, line, broken);
  if (before.trim() === '' && (code === 'MISSING_CHAR' || code === 'MULTILINE_IMPLICIT_KEY'))
    return onLine(rows, line, lineWithoutColon(row, rows.row(line - 1)));
  if (code === 'BAD_INDENT' && before.trim() === '' && row.trim() !== '')
    return onLine(rows, line, BAD_INDENT);
  const words =
    code === 'UNEXPECTED_TOKEN' && /["']\s*$/.test(before)
      ? AFTER_QUOTE
      : (EXPLAINED[code] ?? { message: sentence(message), hint: LOOK_AROUND });
  if (code === 'BLOCK_AS_IMPLICIT_KEY')
    return found('yaml-syntax', [pos[0], rows.start(line) + row.trimEnd().length], words);
  return found(code === 'MULTIPLE_DOCS' ? 'multiple-documents' : 'yaml-syntax', [pos[0], pos[1]], words);
}

function unclosedFinding({ start, kind }: Unclosed, rows: Rows): Finding {
  const line = rows.lineAt(start);
  const words =
    kind === 'quote'
      ? {
          message: 'this quote is not closed',
          hint: 'close it; lines that go on below must be indented deeper than the key',
        }
      : { message: 'this bracket is not closed', hint: 'close it, or put quotes around the text' };
  return found('yaml-syntax', [start, rows.start(line) + rows.row(line).trimEnd().length], words);
}

/** At what a line says, its indentation left out. */
function onLine(rows: Rows, line: number, words: Words): Finding {
  const row = rows.row(line);
  const from = rows.start(line) + row.length - row.trimStart().length;
  return found('yaml-syntax', [from, rows.start(line) + row.trimEnd().length], words);
}

function found(code: DiagnosticCode, at: readonly [number, number], words: Words): Finding {
  return { code, path: [], at, ...words };
}

/** The text by its lines, which count from 1. */
interface Rows {
  lineAt(offset: number): number;
  start(line: number): number;
  row(line: number): string;
}

function rowsOf(text: string, lines: LineCounter): Rows {
  const rows = text.split('\n');
  return {
    lineAt: (offset) => Math.max(1, lines.linePos(Math.min(offset, text.length)).line),
    start: (line) => lines.lineStarts[line - 1] ?? text.length,
    row: (line) => rows[line - 1] ?? '',
  };
}

/** YAML's warnings: unknown tags (`!foo`, `!!python/…`), which would otherwise be read as if they were not there. */
export function tagFindings(warnings: readonly YAMLError[], text: string): Finding[] {
  return warnings.slice(0, MOST_ERRORS).map(({ code, pos, message }) => {
    const at = [pos[0], pos[1]] as const;
    if (code !== 'TAG_RESOLVE_FAILED')
      return found('yaml-syntax', at, { message: sentence(message), hint: LOOK_AROUND });
    const tag = quoted(text.slice(...at));
    const hint = 'remove it, or put quotes around the whole text if it starts with "!"';
    return found('unknown-tag', at, { message: `${tag} is a tag, and a manifest has none`, hint });
  });
}

function sentence(text: string): string {
  const line = text.split('\n', 1)[0] ?? text;
  return line.slice(0, 200);
}
