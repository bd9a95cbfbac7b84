import { atMost } from './at-most.ts';

/** Runs what is given to it one after another, in the order in which it was given. */
export type Turn = <T>(work: () => Promise<T>) => Promise<T>;

/**
 * Each of several callers waits for its turn and gets its own result; that the one before failed is told to whoever
 * asked for that, and to nobody else.
 */
export function createTurn(): Turn {
  return atMost(1);
}
