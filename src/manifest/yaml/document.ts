import { LineCounter, parseDocument, type Alias, type Node } from 'yaml';
import type { Finding } from '../diagnostic.ts';
import { toData } from './data.ts';
import { syntaxFindings, tagFindings } from './syntax.ts';

export interface ManifestDocument {
  text: string;
  contents: Node | null;
  lines: LineCounter;
  targets: ReadonlyMap<Alias, Node>;
  /** Plain data; null when the text could not be read at all. */
  value: unknown;
  findings: Finding[];
  /** False: YAML itself was broken, so nothing more can be said about the content. */
  readable: boolean;
}

/** Brackets in a text: a manifest has some dozens, a long script in its command some thousands. */
const MOST_BRACKETS = 8_000;

/** Text → YAML → plain data. Duplicate keys are looked for in `toData`: the library's own search is quadratic. */
export function readDocument(text: string): ManifestDocument {
  const lines = new LineCounter();
  const excess = excessBracket(text);
  if (excess !== null) return unread(text, lines, excess);
  const document = withoutStackTraces(() =>
    parseDocument<Node, false>(text, {
      lineCounter: lines,
      uniqueKeys: false,
      merge: true,
      prettyErrors: false,
      logLevel: 'error',
    }),
  );
  const contents: Node | null = document.contents;
  if (document.errors.length > 0) {
    return {
      text,
      contents,
      lines,
      targets: new Map(),
      value: null,
      findings: syntaxFindings({ errors: document.errors, contents, text, lines }),
      readable: false,
    };
  }
  const data = toData(contents);
  return {
    text,
    contents,
    lines,
    targets: data.targets,
    value: data.value,
    findings: [...tagFindings(document.warnings, text), ...data.findings],
    readable: !data.findings.some((finding) => finding.code === 'alias-expansion'),
  };
}

/** Where the first bracket too many stands: the library needs long for tens of thousands of them. */
function excessBracket(text: string): number | null {
  let brackets = 0;
  for (const { index } of text.matchAll(/[[\]{}]/g)) if (++brackets > MOST_BRACKETS) return index;
  return null;
}

function unread(text: string, lines: LineCounter, bracket: number): ManifestDocument {
  const message = `there are more than ${MOST_BRACKETS} brackets in this text`;
  const hint = 'keep data and long scripts in files of the repository and name them in the command';
  lines.addNewLine(0);
  for (const { index } of text.matchAll(/\n/g)) lines.addNewLine(index + 1);
  const at = [bracket, bracket + 1] as const;
  const findings: Finding[] = [{ code: 'too-large', path: [], at, message, hint }];
  return { text, contents: null, lines, targets: new Map(), value: null, findings, readable: false };
}

/** The library makes an Error object for every mistake; thousands of stack traces would take most of a second. */
function withoutStackTraces<T>(work: () => T): T {
  const before = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    return work();
  } finally {
    Error.stackTraceLimit = before;
  }
}
