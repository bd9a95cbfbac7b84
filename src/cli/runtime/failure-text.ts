import type { Diagnostic } from '../../manifest/diagnostic.ts';
import { errorDocument, errorView } from '../print/error.ts';
import type { Screen } from '../experiments/screen.ts';
import type { Reported } from './thrown.ts';

interface Showing {
  /** Null: one line of JSON for scripts. */
  screen: Screen | null;
  /** Texts of files that findings point into. */
  sources: ReadonlyMap<string, string>;
  /** Findings stand in a document that was printed already. */
  findingsShown: boolean;
}

/** What stderr gets for an error, with its newline. */
export async function failureText(
  { error, stack }: Reported,
  { screen, sources, findingsShown }: Showing,
): Promise<string> {
  if (screen === null) return `${JSON.stringify(errorDocument(error, stack))}\n`;
  const findings = findingsShown ? [] : (error.diagnostics ?? []).filter(isDiagnostic);
  if (findings.length === 0) return errorView(error, stack, screen);
  const { diagnosticsView } = await import('../print/diagnostics.ts');
  return `${diagnosticsView(findings, sources, screen)}\n\n${errorView(error, stack, screen)}`;
}

/** Errors come over the wire too, where their findings are objects of any shape. */
function isDiagnostic(finding: object): finding is Diagnostic {
  const { file, message, line, column }: Partial<Diagnostic> = finding;
  return (
    typeof file === 'string' &&
    typeof message === 'string' &&
    typeof line === 'number' &&
    typeof column === 'number'
  );
}
