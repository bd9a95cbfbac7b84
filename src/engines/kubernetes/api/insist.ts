import { again, doubling } from '../../../base/async/again.ts';
import { isAichorError } from '../../../errors.ts';
import { isClusterError } from './cluster-error.ts';

interface Insisting {
  /** Nobody waits for it any more. */
  signals: readonly AbortSignal[];
  /** What to say while the cluster cannot be reached; null: it can again. */
  tell(why: string | null): void;
}

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;

/**
 * Does something in the cluster, again and again while the cluster cannot be reached: what runs there goes on without
 * us, so that is no failure. Throws what the cluster refused, or the reason of the signal that was aborted.
 */
export async function insist<T>(act: () => Promise<T>, { signals, tell }: Insisting): Promise<T> {
  let isTold = false;
  const result = await again(act, {
    signal: AbortSignal.any([...signals]),
    isTransient: isUnreachable,
    delays: doubling({ firstMs: FIRST_PAUSE_MS, longestMs: LONGEST_PAUSE_MS }),
    onFailure(error) {
      tell(error instanceof Error ? error.message : String(error));
      isTold = true;
    },
  });
  if (isTold) tell(null);
  return result;
}

/** No answer, none that says anything about what was asked for, or credentials that may be good again later. */
export function isUnreachable(error: unknown): error is Error {
  if (isAichorError(error)) return error.code === 'engine_unavailable';
  if (!isClusterError(error)) return false;
  const { status } = error;
  return status === 0 || status === 401 || status === 408 || status === 429 || status >= 500;
}
