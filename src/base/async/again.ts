import { sleep } from './abort.ts';

/** How long to wait after so many failures in a row (1, 2, …), in milliseconds; null: no more, it is given up. */
export type Delays = (failures: number) => number | null;

export interface AgainOptions {
  /** May depend on what went wrong (a server that says when to come back). */
  delays: (failures: number, error: unknown) => number | null;
  /** Which failures may pass; the others are thrown at once. All, unless said. */
  isTransient?: (error: unknown) => boolean;
  /** Its reason is thrown when it is aborted, before an attempt or while waiting. */
  signal?: AbortSignal | undefined;
  /** Told before each wait. */
  onFailure?: (error: unknown, wait: number) => void;
  /** Only tests bring their own. */
  sleep?: (ms: number, signal?: AbortSignal) => Promise<void>;
}

/**
 * What `work` gives, which is tried again after failures that may pass.
 *
 * @param work told how many attempts have failed
 * @throws the last failure, or the signal's reason
 */
export async function again<T>(work: (failures: number) => Promise<T>, options: AgainOptions): Promise<T> {
  const { delays, isTransient = () => true, signal, onFailure, sleep: wait = sleep } = options;
  for (let failures = 0; ;) {
    signal?.throwIfAborted();
    try {
      return await work(failures);
    } catch (error) {
      signal?.throwIfAborted();
      const ms = isTransient(error) ? delays(++failures, error) : null;
      if (ms === null) throw error;
      onFailure?.(error, ms);
      await wait(ms, signal);
    }
  }
}

export interface Doubling {
  firstMs: number;
  longestMs: number;
  /** Failures after which it is given up; never, unless said. */
  most?: number;
  /**
   * From 0 up to 1: a wait is between half of what it would be and all of it, so that many who failed together do not
   * come back together. Not scattered, unless said.
   */
  chance?: () => number;
}

/** Waits that double from failure to failure, up to a longest one. */
export function doubling({ firstMs, longestMs, most = Infinity, chance }: Doubling): Delays {
  return (failures) => {
    if (failures > most) return null;
    const ms = Math.min(longestMs, firstMs * 2 ** Math.min(failures - 1, 40));
    return chance === undefined ? ms : jittered(ms, chance());
  };
}

/** Between half of it and all of it. @param chance from 0 up to 1 */
export function jittered(ms: number, chance: number): number {
  return Math.round(ms * (0.5 + chance / 2));
}
