/** Variable by which everything that one command run in a pod has started is found again. */
export const EXEC_MARK = 'AICHOR_EXEC_ID';

/** Seconds in which what was told to hang up may tidy up, before it is killed. */
export const EXEC_GRACE_S = 10;
