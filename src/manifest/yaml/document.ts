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

/** Text → YAML → plain data. Duplicate keys are looked for in `toData`: the library's own search is quadratic. */
export function readDocument(text: string): ManifestDocument {
  const lines = new LineCounter();
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
