import { systemErrorCode } from '../../../errors.ts';
import { ClusterError } from './cluster-error.ts';

/** An answer that is no success, as far as anybody decides by it. */
export class Refusal extends ClusterError {
  /** Reasons of its causes: `FieldManagerConflict`, … */
  readonly causes: readonly string[];
  /** When to ask again, in seconds; null: not said. */
  readonly retryAfterS: number | null;

  constructor(status: StatusObject, code: number, retryAfterS: number | null) {
    super(code, status.reason || 'Unknown', status.message ?? `HTTP status ${code}`);
    this.causes = status.details?.causes?.flatMap(({ reason }) => reason ?? []) ?? [];
    this.retryAfterS = retryAfterS ?? status.details?.retryAfterSeconds ?? null;
  }
}

/** `Status` of the API conventions: why a request failed, or how a program that was run there ended. */
export interface StatusObject {
  kind?: string;
  status?: string;
  code?: number;
  reason?: string;
  message?: string;
  details?: {
    name?: string;
    kind?: string;
    retryAfterSeconds?: number;
    causes?: { reason?: string; message?: string; field?: string }[];
  };
}

const LONGEST_MESSAGE = 2000;

/** What an API server (or a proxy before it) said with a status of 300 and above. */
export function refusalOf(code: number, body: string, retryAfter: string | undefined): Refusal {
  const status = statusOf(body) ?? { reason: reasonOf(code, body), message: plainMessage(code, body) };
  const message = status.message?.slice(0, LONGEST_MESSAGE);
  const seconds = retryAfter === undefined ? Number.NaN : Number(retryAfter);
  return new Refusal(
    { ...status, ...(message !== undefined && { message }) },
    code,
    Number.isFinite(seconds) && seconds >= 0 ? seconds : null,
  );
}

/** The Status object in a text, or null for any other text. */
export function statusOf(text: string): StatusObject | null {
  try {
    const value: unknown = JSON.parse(text);
    return isStatus(value) ? value : null;
  } catch {
    return null;
  }
}

export function isStatus(value: unknown): value is StatusObject {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'Status';
}

/** A path that the API server does not know has no Status: the kind is not installed there. */
function reasonOf(code: number, body: string): string {
  return code === 404 && body.startsWith('404 page not found') ? 'NoSuchKind' : `Http${code}`;
}

function plainMessage(code: number, body: string): string {
  const line = body.trimStart().startsWith('<') ? '' : (body.trim().split('\n')[0] ?? '');
  return line === '' ? `HTTP status ${code}` : `HTTP status ${code}: ${line.slice(0, 300)}`;
}

/** Nothing came back, or it broke off. `reason` is the system's code, or `Timeout`, `Broken`. */
export function noAnswer(server: string, error: unknown): ClusterError {
  if (error instanceof ClusterError) return error;
  const said = error instanceof Error ? error.message : String(error);
  const reason = systemErrorCode(error) ?? 'Broken';
  return new ClusterError(0, reason, `${server} cannot be reached: ${said}`, { cause: error });
}

export function timedOut(server: string, what: string, ms: number): ClusterError {
  return new ClusterError(0, 'Timeout', `${server} ${what} within ${Math.round(ms / 1000)} s`);
}

/** The kubeconfig, a plugin or a token is at fault: nothing was sent. The cause is the AichorError that says the cure. */
export function withoutCredentials(error: Error): ClusterError {
  return new ClusterError(401, 'NoCredentials', error.message, { cause: error });
}
