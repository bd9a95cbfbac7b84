/** How often an address gave wrong keys lately. */
export interface Refusals {
  /** Notes one more; says for how many milliseconds its answer is held back. */
  add(address: string): number;
}

/** Within this time… */
const WINDOW_MS = 60_000;
/** …so many are answered at once; each more is held back twice as long as the one before it. */
export const FREE_REFUSALS = 10;
const FIRST_DELAY_MS = 250;
export const LONGEST_DELAY_MS = 4000;
/** Addresses that are remembered; the one that was quiet for longest is forgotten first. */
const MOST_ADDRESSES = 10_000;

/**
 * Only answers to wrong keys are held back: whoever has a right one is served, though others behind the same proxy guess.
 *
 * @param now milliseconds of a clock that never goes back
 */
export function createRefusals(now: () => number): Refusals {
  const times = new Map<string, number[]>();
  return {
    add(address) {
      const since = now() - WINDOW_MS;
      const recent = [...(times.get(address) ?? []).filter((time) => time > since), now()];
      times.delete(address);
      // How long the wait is follows from so many: more need not be kept.
      times.set(address, recent.slice(-2 * FREE_REFUSALS));
      const [oldest] = times.keys();
      if (times.size > MOST_ADDRESSES && oldest !== undefined) times.delete(oldest);
      const more = recent.length - FREE_REFUSALS;
      return more <= 0 ? 0 : Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (more - 1));
    },
  };
}
