/** One finding about a manifest or the repository around it. Lines and columns count from 1. */
export interface Diagnostic {
  severity: 'error' | 'warning';
  /** Stable word for scripts, kebab-case: `unknown-key`, `wrong-type`, … */
  code: string;
  /** Dotted place in the document: `spec.types.worker.count`; empty for the document itself. */
  path: string;
  message: string;
  hint: string | null;
  /** The file as the user named it, `-` for standard input. */
  file: string;
  line: number;
  column: number;
  end_line: number;
  end_column: number;
}
