/** Every error code a command or the HTTP contract can answer with. Closed: add a row here when none fits. */
export const ERROR_CODES = [
  'usage',
  'manifest_invalid',
  'repository_invalid',
  'unauthenticated',
  'forbidden',
  'not_found',
  'ambiguous',
  'conflict',
  'too_large',
  'events_gone',
  'server_unreachable',
  'server_error',
  'engine_unavailable',
  'experiment_failed',
  'experiment_cancelled',
  'timeout',
  'interrupted',
  'internal',
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

interface AichorErrorOptions {
  /** What to do about it: a sentence, or a command to type. */
  hint?: string | null;
  /** Findings about a manifest; only with `manifest_invalid`, `repository_invalid` and `engine_unavailable`. */
  diagnostics?: readonly object[];
  /** The control plane's name for the request that failed; finds it in the server's log. */
  requestId?: string | undefined;
  cause?: unknown;
}

/**
 * Something that somebody outside this program can act on. Anything else that is thrown is a bug of ours and
 * is reported as `internal`.
 */
export class AichorError extends Error {
  override readonly name = 'AichorError';
  readonly code: ErrorCode;
  readonly hint: string | null;
  readonly diagnostics: readonly object[] | undefined;
  readonly requestId: string | undefined;

  constructor(code: ErrorCode, message: string, options: AichorErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint ?? null;
    this.diagnostics = options.diagnostics;
    this.requestId = options.requestId;
  }
}

export function isAichorError(error: unknown): error is AichorError {
  return error instanceof AichorError;
}

/** The `code` of a Node system error (`ENOENT`, `EACCES`, …), or undefined for anything else. */
export function systemErrorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
