import type { DiagnosticCode } from './codes.ts';

/** One finding about a manifest or the repository around it. Lines and columns count from 1. */
export interface Diagnostic {
  severity: 'error' | 'warning';
  /** Stable word for scripts, kebab-case: `unknown-key`, `wrong-type`, … */
  code: DiagnosticCode;
  /** Dotted place in the document: `spec.types.worker.count`; empty for the document itself. */
  path: string;
  message: string;
  hint: string | null;
  /** The file as the user named it, `-` for standard input. */
  file: string;
  line: number;
  column: number;
  /** Line of the place just behind the last character. */
  end_line: number;
  end_column: number;
}

/** Keys and list indexes from the document's root. */
export type Path = readonly (string | number)[];

/** A mistake before it has a file and a place: what the parser's stages and the rules give. */
export interface Finding {
  code: DiagnosticCode;
  path: Path;
  /** Where on the path it stands: the key, the value, or these offsets of the text. */
  at: 'key' | 'value' | readonly [start: number, end: number];
  message: string;
  hint: string | null;
}

/** `spec.types.Workers[0].count`; keys that hold a dot are quoted: `extraSelectors["karpenter.sh/zone"]`. */
export function dotted(path: Path): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else if (/^[\w-]+$/.test(part)) text += text === '' ? part : `.${part}`;
    else text += `[${JSON.stringify(part)}]`;
  }
  return text;
}
