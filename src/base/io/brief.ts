import { atMost } from '../async/at-most.ts';

/** Files that are read and written in one go, in the whole process: the system's threads take four at a time. */
const AT_ONCE = 32;

/**
 * For work that opens a file, and closes it again without waiting for anything but the disk: so much of it runs at a
 * time, however many ask at once, because a process may have only so many files open. Never one within another.
 */
export const briefly = atMost(AT_ONCE);
