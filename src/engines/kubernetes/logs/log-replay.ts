import { addRun, createLedger } from './log-ledger.ts';
import { createLineCutter } from './log-lines.ts';
import type { Position } from './log-position.ts';
import { createSeek } from './log-seek.ts';
import { isSame, type Stamp } from './log-stamp.ts';

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
