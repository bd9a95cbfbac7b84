import { setImmediate } from 'node:timers/promises';

/** Synchronous work on many files goes on for this long before others may run. */
const TURN_MS = 12;

export interface Turns {
  /** Whether others have waited long enough. */
  isDue(): boolean;
  /** Lets the event loop turn once; throws the signal's reason when it was aborted. */
  take(): Promise<void>;
}

/**
 * Working through thousands of small files with promises takes several times as long as synchronously; so that
 * is done in turns: `if (turns.isDue()) await turns.take()` between files.
 */
export function createTurns(signal?: AbortSignal): Turns {
  let since = performance.now();
  return {
    isDue: () => performance.now() - since >= TURN_MS,
    async take() {
      await setImmediate();
      signal?.throwIfAborted();
      since = performance.now();
    },
  };
}
