import { HttpTimeout } from '../base/http/send.ts';
import { AichorError, isAichorError, systemErrorCode } from '../errors.ts';
import { quoteForShell } from '../operators/command/launcher.ts';
import type { HttpRequest } from './http.ts';

/** What a connection fails with that may have carried the request; the others never came about. */
const AFTER_SENDING: ReadonlySet<string> = new Set([
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
  'UND_ERR_SOCKET',
]);

/** Whether a request that failed may have done what it asks for: it was sent, and the answer is no word of the server's. */
export function isUnanswered(error: unknown): boolean {
  if (!isAichorError(error) || error.requestId !== undefined) return false;
  if (error.code !== 'server_unreachable' && error.code !== 'server_error') return false;
  if (error.cause instanceof HttpTimeout) return error.cause.waitedFor === 'answer';
  const code = systemErrorCode(error.cause);
  return code === undefined || AFTER_SENDING.has(code);
}

/** The flag by which the same submission is not made twice; null: the request is no submission, or has no such flag. */
export function flagOfSame({ path, json }: Pick<HttpRequest, 'path' | 'json'>): string | null {
  const fields: Readonly<Record<string, unknown>> = { ...(typeof json === 'object' ? json : null) };
  const [flag, value] =
    path === '/sweeps' ? ['--name', fields['name']] : ['--idempotency-key', fields['idempotency_key']];
  return typeof value === 'string' ? `${flag} ${quoteForShell(value)}` : null;
}

/** The failure (or the interruption) of a submission that may have been taken, with the way to find out that harms nothing. */
export function unanswered(error: AichorError, flag: string): AichorError {
  const { code, message, diagnostics, cause } = error;
  const own = error.hint === null ? '' : `; ${error.hint}`;
  return new AichorError(code, `${message}; the submission may have been taken`, {
    hint: `the same command with ${flag} gives what was submitted, or submits it if it was not${own}`,
    ...(diagnostics && { diagnostics }),
    cause,
  });
}
