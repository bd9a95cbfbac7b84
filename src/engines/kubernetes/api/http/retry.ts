import { jittered } from '../../../../base/async/again.ts';

/** A request that failed, as far as it decides whether it is repeated. */
export interface Setback {
  /** HTTP status; 0: no answer. */
  status: number;
  reason: string;
  causes?: readonly string[] | undefined;
  retryAfterS?: number | null | undefined;
}

/** Requests in all, the first one included. */
const MOST_REQUESTS = 5;
const FIRST_MS = 200;
const LONGEST_MS = 5_000;
/** Who is told to wait longer does not: whoever asked may want to do something else. */
const MOST_PATIENT_S = 30;

/**
 * Codes of a network that may be well again soon. Not those of certificates, names, addresses; nor a time that was waited
 * in vain: whoever can wait longer asks again himself (`insist`).
 */
const PASSING = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EAI_AGAIN',
  'ENETUNREACH',
  'EHOSTUNREACH',
  'ERR_STREAM_PREMATURE_CLOSE',
  'Broken',
]);

/**
 * Milliseconds until a request that can be repeated safely is repeated; null: it is not. `sent` requests have failed
 * so far; `chance` is from 0 up to 1, so that many who failed together do not come back together.
 */
export function retryDelay(sent: number, setback: Setback, chance: number): number | null {
  if (!mayPass(setback) || sent >= MOST_REQUESTS) return null;
  const wait = jittered(Math.min(LONGEST_MS, FIRST_MS * 2 ** (sent - 1)), chance);
  const told = setback.retryAfterS ?? null;
  if (told === null) return wait;
  return told > MOST_PATIENT_S ? null : Math.max(told * 1000, wait);
}

function mayPass({ status, reason, causes = [] }: Setback): boolean {
  if (status === 0) return PASSING.has(reason);
  if (status === 429) return true;
  // Two writers at once. A field that belongs to somebody else stays theirs.
  if (status === 409) return reason === 'Conflict' && !causes.includes('FieldManagerConflict');
  // A Status that gives no reason: what was sent cannot be understood, and never will be.
  if (status === 500 && reason === 'Unknown') return false;
  return status >= 500 && status !== 501 && status !== 505;
}

const RESUME_FIRST_MS = 100;
const RESUME_LONGEST_MS = 10_000;
const RESUME_PROGRESS_MS = 1_000;

/**
 * Milliseconds until a watch is taken up again that ended or broke for the `failures`th time in a row (0: it ended as
 * it should). Where something still comes through in between (`progress`) never more than about a second, so that
 * what happens is seen soon; never less than a tenth of one, so that the rate is bounded.
 */
export function resumeDelay(failures: number, progress: boolean, chance: number): number {
  const longest = progress ? RESUME_PROGRESS_MS : RESUME_LONGEST_MS;
  return jittered(Math.min(longest, RESUME_FIRST_MS * 2 ** Math.min(failures, 20)), chance);
}
