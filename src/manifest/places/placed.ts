import { severityOf } from '../codes.ts';
import { dotted, type Diagnostic, type Finding } from '../diagnostic.ts';
import type { Places } from './places.ts';

/** Which text a finding is about. */
export interface Placement {
  /** As the user named it. */
  file: string;
  /** Null: the first line stands for all. */
  places: Places | null;
  /** Refuse deprecated forms too. */
  strict?: boolean;
}

const FIRST_LINE = { line: 1, column: 1, end_line: 1, end_column: 1 };

/** A finding with its file, its place and its severity. */
export function placed(finding: Finding, { file, places, strict = false }: Placement): Diagnostic {
  const { code, path, at, message, hint } = finding;
  const severity = severityOf(code, strict);
  return {
    severity,
    code,
    path: dotted(path),
    message,
    hint,
    file,
    ...(places?.range(path, at) ?? FIRST_LINE),
  };
}
