import { createLineCutter } from './cut.ts';
import { KEPT_RUNS, type Position, type Run } from './position.ts';
import { isSame, type Stamp, isBefore } from './stamp.ts';

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

/** Finds, among lines that are given again, the first that was not taken. */
export interface Seek {
  /** Whether this line, the next one, was taken. After the first that was not, it is not asked any more. */
  isOld(stamp: Stamp): boolean;
  /** The first new line was reached without the last old one: lines between them may be missing. */
  readonly gap: boolean;
}

/** A way in which the lines so far may be the last that were taken: the latest is the `used`th of a run. */
interface Match {
  run: number;
  used: number;
}

/**
 * By stamps alone, because a log that was rotated begins anywhere: a line is old while it continues the last
 * ones that were taken, wherever among them the log begins now, or is older than all of these.
 *
 * @param recent not empty
 */
export function createSeek(recent: readonly Run[]): Seek {
  let matches: Match[] = [];
  let gap = false;
  const oldest = recent
    .map(({ stamp }) => stamp)
    .reduce((one, other) => (isBefore(other, one) ? other : one));

  function continued({ run, used }: Match, stamp: Stamp): Match | null {
    const [here, next] = [recent[run], recent[run + 1]];
    if (here !== undefined && isSame(here.stamp, stamp))
      return used < here.times ? { run, used: used + 1 } : null;
    return next !== undefined && isSame(next.stamp, stamp) ? { run: run + 1, used: 1 } : null;
  }

  function beginnings(stamp: Stamp): Match[] {
    return recent.flatMap((run, index) => (isSame(run.stamp, stamp) ? [{ run: index, used: 1 }] : []));
  }

  return {
    get gap() {
      return gap;
    },
    isOld(stamp) {
      const atEnd = matches.some(({ run }) => run === recent.length - 1);
      matches = matches.flatMap((match) => continued(match, stamp) ?? []);
      if (matches.length > 0) return true;
      if (atEnd) return false;
      matches = beginnings(stamp);
      if (matches.length > 0 || isBefore(stamp, oldest)) return true;
      gap = true;
      return false;
    },
  };
}

/** A container's log that is read again from `since` of a position on: what of it is new since that position. */
export interface Replay {
  /** Bytes without stamps from the position on; none before that place is reached. */
  take(chunk: Buffer): Buffer;
  /** After the last whole line of what was given out. */
  position(): Position;
  /** Lines before the position are still being skipped. */
  readonly skipping: boolean;
  /** By counting, and there are more to come. */
  readonly counting: boolean;
  /** It was not the place after all: nothing is given out, read again with `seek`. */
  readonly misaligned: boolean;
  /** Between these stamps lines may be missing, because the node had rotated the log; null: none are. */
  readonly gap: { after: Stamp; before: Stamp } | null;
  /** Lines have come. */
  readonly began: boolean;
  /** What had no stamp: a message of the kubelet's. */
  foreign(): string;
}

/**
 * Skips as many lines as the position says if the answer begins with the line it should begin with (the node may have
 * rotated the log meanwhile, and only the present file is read); else, or with `seek`, finds the place by stamps.
 */
export function createReplay(from: Position, { seek: mustSeek }: { seek: boolean }): Replay {
  const last = from.recent.at(-1);
  let seek = last !== undefined && (mustSeek || from.first === null) ? createSeek(from.recent) : null;
  let left = last === undefined || seek !== null ? 0 : from.count;
  const state = { skipping: last !== undefined, misaligned: false, began: false };
  let gap: Replay['gap'] = null;
  let ledger = seek === null ? countingLedger(from) : createLedger({ ...from, total: 0, oldest: null });
  const recent = from.recent.map((run) => ({ ...run }));
  let present = from;
  let { next, offset } = from;
  let isMoved = false;

  function begin(stamp: Stamp): boolean {
    const isFirst = !state.began;
    state.began = true;
    if (isFirst && left > 0 && from.first !== null && !isSame(stamp, from.first)) {
      seek = createSeek(from.recent);
      left = 0;
      ledger = createLedger({ ...from, total: 0, oldest: null });
    }
    if (isFirst && last === undefined && from.next !== null && !isSame(stamp, from.next))
      gap = { after: from.next, before: stamp };
    if (state.skipping) state.skipping = isOld(stamp);
    if (state.skipping || state.misaligned) return false;
    next = stamp;
    isMoved = true;
    return true;
  }

  function isOld(stamp: Stamp): boolean {
    if (seek !== null) {
      const isOld = seek.isOld(stamp);
      const isNext = from.next !== null && isSame(stamp, from.next);
      if (seek.gap && !isNext && last !== undefined) gap = { after: last.stamp, before: stamp };
      return isOld;
    }
    if (left === 0) return false;
    left--;
    if (left === 0 && last !== undefined) state.misaligned = !isSame(stamp, last.stamp);
    return true;
  }

  function end(stamp: Stamp, kept: number): void {
    ledger.add(stamp);
    if (state.skipping || state.misaligned) return;
    addRun(recent, stamp);
    next = null;
    isMoved = true;
    offset = from.offset + kept;
  }

  const cutter = createLineCutter({ begin, end });
  return {
    take: (chunk) => cutter.cut(chunk),
    position() {
      const moved = { ...from, ...ledger.bearings(), next, offset };
      if (isMoved) present = { ...moved, recent: recent.map((run) => ({ ...run })) };
      isMoved = false;
      return present;
    },
    get skipping() {
      return state.skipping;
    },
    get counting() {
      return state.began && left > 0;
    },
    get misaligned() {
      return state.misaligned;
    },
    get began() {
      return state.began;
    },
    get gap() {
      return gap;
    },
    foreign: () => cutter.foreign(),
  };
}

/** A ledger that begins where the answer does, as it was when the position was taken. */
function countingLedger({ since, count, total, oldest }: Position) {
  return createLedger({
    since,
    total: since === null ? 0 : total - count,
    oldest: since === null ? null : oldest,
  });
}
