import { harmless } from '../../base/text/harmless.ts';
import type { Diagnostic } from '../../manifest/diagnostic.ts';
import type { ErrorBody } from '../../api/error-body.ts';
import type { AichorError } from '../../errors.ts';
import { EXIT_CODES } from '../../exit-codes.ts';
import type { Screen } from './screen.ts';
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
  const { diagnosticsView } = await import('../print/manifest/diagnostics.ts');
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

/** A stack is there for bugs of ours only. */
type ErrorDocument = ErrorBody & { error: { stack?: string } };

/** The object scripts read from stderr (contract 3, point 5). */
export function errorDocument(error: AichorError, stack: string | null): ErrorDocument {
  return {
    error: {
      code: error.code,
      message: error.message,
      hint: error.hint,
      exit_code: EXIT_CODES[error.code],
      ...(error.diagnostics && { diagnostics: error.diagnostics.map((diagnostic) => ({ ...diagnostic })) }),
      ...(error.requestId !== undefined && { request_id: error.requestId }),
      ...(stack !== null && { stack }),
    },
  };
}

/** The same for people: what happened, then what to do. */
export function errorView(error: AichorError, stack: string | null, { colors }: Screen): string {
  const lines = [
    `${colors.red(colors.bold('error'))}${colors.dim(`[${error.code}]`)} ${harmless(error.message)}`,
  ];
  if (error.hint !== null) lines.push(`${colors.cyan('hint')}: ${harmless(error.hint)}`);
  if (error.requestId !== undefined) lines.push(colors.dim(`request ${harmless(error.requestId)}`));
  if (stack !== null) lines.push('', colors.dim(stack));
  return `${lines.join('\n')}\n`;
}
