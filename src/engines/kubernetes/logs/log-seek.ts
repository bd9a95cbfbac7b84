import type { Run } from './log-position.ts';
import { isBefore, isSame, type Stamp } from './log-stamp.ts';

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
