/**
 * Which of two amounts applies: a few in `npm test`, many with `AICHOR_LONG=1` (`npm run test:faults`).
 */
export const isLong = process.env['AICHOR_LONG'] === '1';

export function scaled<T>(short: T, long: T): T {
  return isLong ? long : short;
}

const MINUTE_MS = 60_000;

/** Patience for one test: it bounds hangs, and says nothing about how fast anything is. */
export const PATIENCE_MS = scaled(5 * MINUTE_MS, 180 * MINUTE_MS);
