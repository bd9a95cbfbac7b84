import { isSame, type Stamp } from './log-stamp.ts';
import { KEPT_RUNS, type Position, type Run } from './log-position.ts';

/**
 * Lines of one log that follow one another may have stamps out of order by less than this, in seconds: each stream
 * has a writer of its own in the container runtime.
 */
const DISORDER_S = 2;

/** Which second to ask for so that nothing is missing, and how many lines of the answer are known. */
export type Bearings = Pick<Position, 'since' | 'count' | 'first' | 'total' | 'oldest'>;

/** Counts the lines of a log as they come. */
export interface Ledger {
  add(stamp: Stamp): void;
  bearings(): Bearings;
}

interface Second {
  count: number;
  /** Of its first line. */
  number: number;
  first: Stamp;
}

/**
 * Asking again from the second of the last line, less `DISORDER_S`, is enough while stamps are in order but for
 * that. After the node's clock was set back it is not: then everything is asked for, until time has caught up.
 *
 * @param start where the lines begin that will be added: what was asked for; `total` and `oldest` of what is before
 */
export function createLedger({
  since,
  total: before,
  oldest: known,
}: Omit<Bearings, 'count' | 'first'>): Ledger {
  const seconds = new Map<number, Second>();
  let total = before;
  let oldest = known;
  let last: Stamp | null = null;
  /** Every line since this second is in `seconds`. */
  let low = since ?? Number.NEGATIVE_INFINITY;

  function raise(to: number): void {
    if (to <= low) return;
    low = to;
    for (const second of seconds.keys()) if (second < low) seconds.delete(second);
  }

  return {
    add(stamp) {
      last = stamp;
      total++;
      if (since === null) oldest ??= stamp;
      const second = seconds.get(stamp.seconds);
      if (second !== undefined) second.count++;
      else if (stamp.seconds >= low) seconds.set(stamp.seconds, { count: 1, number: total, first: stamp });
      raise(stamp.seconds - DISORDER_S);
    },
    bearings() {
      if (last === null) return { since, count: 0, first: null, total, oldest };
      if (last.seconds <= low) return { since: null, count: total, first: oldest, total, oldest };
      let count = 0;
      let earliest: Second | null = null;
      for (const second of seconds.values()) {
        count += second.count;
        if (earliest === null || second.number < earliest.number) earliest = second;
      }
      return { since: low, count, first: earliest?.first ?? null, total, oldest };
    },
  };
}

/** Adds a line to the last runs. */
export function addRun(recent: Run[], stamp: Stamp): void {
  const last = recent.at(-1);
  if (last !== undefined && isSame(last.stamp, stamp)) {
    last.times++;
  } else {
    recent.push({ stamp, times: 1 });
    if (recent.length > KEPT_RUNS) recent.shift();
  }
}
