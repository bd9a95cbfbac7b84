/** What had happened before a watch was open comes in its first moments. */
const CATCH_UP_MS = 1000;
/** A watch that is being taken up again is looked for so often. */
const AGAIN_MS = 250;
/** Where watches never last (a proxy that cuts them), what was seen for this long is believed. */
const LONGEST_MS = 5000;

/**
 * Whether a failure is believed: what is seen of one kind may be older than what is seen of another, and that something has not
 * succeeded may only not have been told yet.
 */
export interface Doubt {
  /** Milliseconds until a failure that is seen now may be believed; 0: it may. `toldForMs`: as a view has it. */
  waitMs(toldForMs: number | null): number;
  /** No failure is seen. */
  end(): void;
}

/** @param clock milliseconds that only go forward */
export function createDoubt(clock: () => number): Doubt {
  let since: number | null = null;
  return {
    waitMs(toldForMs) {
      since ??= clock();
      const wait = toldForMs === null ? AGAIN_MS : CATCH_UP_MS - toldForMs;
      return Math.max(0, Math.min(wait, since + LONGEST_MS - clock()));
    },
    end() {
      since = null;
    },
  };
}
