import type { ErrorBody } from '../../api/error-body.ts';
import type { AichorError } from '../../errors.ts';
import { EXIT_CODES } from '../../exit-codes.ts';
import type { Screen } from '../experiments/screen.ts';

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
  const lines = [`${colors.red(colors.bold('error'))}${colors.dim(`[${error.code}]`)} ${error.message}`];
  if (error.hint !== null) lines.push(`${colors.cyan('hint')}: ${error.hint}`);
  if (error.requestId !== undefined) lines.push(colors.dim(`request ${error.requestId}`));
  if (stack !== null) lines.push('', colors.dim(stack));
  return `${lines.join('\n')}\n`;
}
