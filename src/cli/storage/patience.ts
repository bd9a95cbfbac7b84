import { again, doubling } from '../../base/async/again.ts';
import { isAichorError } from '../../errors.ts';

/** Failures one after the other, without a byte between them, after which a transfer is given up. */
const MOST_FAILURES = 8;

export interface PatientOptions {
  /** Ctrl-C. */
  signal?: AbortSignal | undefined;
  /** How far it is, in whatever unit: failures count from the last change of it on. */
  progress?(): number;
}

/** A transfer that is tried again while connections break, and stores or servers fail for a moment. */
export async function patiently<T>(
  work: () => Promise<T>,
  { signal, progress = () => 0 }: PatientOptions,
): Promise<T> {
  const delays = doubling({ firstMs: 200, longestMs: 10_000, most: MOST_FAILURES, chance: Math.random });
  let [failures, at] = [0, progress()];
  return again(work, {
    signal,
    isTransient: mayPass,
    delays: () => {
      const now = progress();
      failures = now === at ? failures + 1 : 1;
      at = now;
      return delays(failures);
    },
  });
}

/** What came broke off: the connection did, or who sent it. */
export class BrokenOff extends Error {
  override readonly name = 'BrokenOff';
}

function mayPass(error: unknown): boolean {
  return error instanceof BrokenOff || (isAichorError(error) && PASSING.has(error.code));
}

const PASSING: ReadonlySet<string> = new Set(['server_unreachable', 'engine_unavailable', 'server_error']);
