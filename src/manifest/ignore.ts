import { isDiagnosticCode, type DiagnosticCode } from './codes.ts';
import type { Finding } from './diagnostic.ts';

const COMMENT = /(?:^|\s)#\s*aichor:\s*ignore\b[ \t:]*([^#\n]*)/;

/** `# aichor: ignore CODE …` comments: which warnings are silenced on which lines. */
export interface Ignored {
  /** Line (from 1) → codes. */
  lines: ReadonlyMap<number, ReadonlySet<DiagnosticCode>>;
  /** Comments that name a code which does not exist. */
  findings: Finding[];
}

/** A comment behind something is about its own line; one on a line of its own about the next line that says something. */
export function ignoredLines(text: string): Ignored {
  const lines = new Map<number, Set<DiagnosticCode>>();
  const findings: Finding[] = [];
  if (!text.includes('aichor:')) return { lines, findings };
  let waiting: DiagnosticCode[] = [];
  let offset = 0;
  for (const [index, line] of text.split('\n').entries()) {
    const codes = codesIn(line, offset, findings);
    const alone = /^\s*(#|$)/.test(line);
    if (alone) waiting.push(...codes);
    else {
      lines.set(index + 1, new Set([...waiting, ...codes]));
      waiting = [];
    }
    offset += line.length + 1;
  }
  return { lines, findings };
}

/** Words up to the first that is no code's (`-- because …`); a first word that is none is a mistake. */
function codesIn(line: string, offset: number, findings: Finding[]): DiagnosticCode[] {
  const match = COMMENT.exec(line);
  if (!match) return [];
  const words = (match[1] ?? '').split(/[\s,]+/).filter((word) => word !== '');
  const end = words.findIndex((word) => !isDiagnosticCode(word));
  const codes = words.slice(0, end < 0 ? words.length : end).filter(isDiagnosticCode);
  if (codes.length > 0) return codes;
  const start = offset + match.index;
  const message =
    words[0] === undefined
      ? 'the comment does not say what to ignore'
      : `there is no warning "${words[0].slice(0, 60)}"`;
  findings.push({
    code: 'unknown-ignore-code',
    path: [],
    at: [start, start + match[0].trimEnd().length],
    message,
    hint: 'write "# aichor: ignore CODE", with the code that stands in the warning',
  });
  return [];
}
