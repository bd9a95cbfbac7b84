/** What one RUN line may take at most: what goes on for longer, or prints more, waits for something that does not come. */
export interface RunLimits {
  seconds: number;
  /** What it prints. */
  bytes: number;
  /** Of the list of what lines changed: its names, about a hundred bytes for each file. */
  listBytes: number;
}

export const RUN_LIMITS: RunLimits = { seconds: 4 * 3600, bytes: 256e6, listBytes: 256e6 };
