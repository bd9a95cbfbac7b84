import { AichorError, ERROR_CODES, type ErrorCode } from '../errors.ts';

/** What a failed request's body says, as an error; a body that is not ours is `server_error`. */
export function errorOfBody(status: number, body: string): AichorError {
  return errorIn(body) ?? inOtherWords(status, body) ?? notOurs(status);
}

/** The error object that a server prints or answers with, as an error; null for any other text. */
export function errorIn(text: string): AichorError | null {
  const error = objectIn(text);
  const code = ERROR_CODES.find((known) => known === error?.['code']);
  const message = error?.['message'];
  if (!error || code === undefined || typeof message !== 'string') return null;
  const { hint, diagnostics, request_id: requestId } = error;
  return new AichorError(code, message, {
    hint: typeof hint === 'string' ? hint : null,
    ...(Array.isArray(diagnostics) && { diagnostics: diagnostics.filter(isObject) }),
    requestId: typeof requestId === 'string' ? requestId : undefined,
  });
}

/** What a newer server says under a code that is not known here: its words are as good as ever. */
function inOtherWords(status: number, body: string): AichorError | null {
  const { code, message, hint, request_id: requestId } = objectIn(body) ?? {};
  if (typeof code !== 'string' || typeof message !== 'string' || typeof requestId !== 'string') return null;
  return new AichorError(CODE_OF_STATUS.get(status) ?? 'server_error', message, {
    hint: typeof hint === 'string' ? hint : null,
    requestId,
  });
}

/** Status codes of proxies and of servers that are not aichor's. */
const CODE_OF_STATUS: ReadonlyMap<number, ErrorCode> = new Map([
  [401, 'unauthenticated'],
  [403, 'forbidden'],
  [413, 'too_large'],
  [502, 'server_unreachable'],
  [503, 'server_unreachable'],
  [504, 'server_unreachable'],
]);

function notOurs(status: number): AichorError {
  return new AichorError(
    CODE_OF_STATUS.get(status) ?? 'server_error',
    `the server answered with HTTP status ${status} and no reason`,
    {
      hint: 'check that the address is that of an aichor server (`aichor context show`)',
    },
  );
}

function objectIn(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) && 'error' in value && isObject(value.error) ? { ...value.error } : null;
  } catch {
    // Not JSON: answered by something else than an aichor server, which is what null says.
    return null;
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
