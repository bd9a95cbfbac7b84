/**
 * What the program needs to know of processes. Two ways behind it: `/proc` (Linux) and `ps` (anywhere else);
 * the suite runs on Linux with each of the two.
 */
export interface Processes {
  readonly kind: 'proc' | 'ps';
  /** Identity of a living process, or null when there is none (a zombie counts as none). */
  identify(pid: number): Promise<ProcessIdentity | null>;
  /** Whether this very process still lives: same pid, start time and boot; zombies do not live. */
  isAlive(identity: ProcessIdentity): Promise<boolean>;
  /** Living processes whose initial environment holds all of these variables with these values. */
  withEnvironment(variables: Record<string, string>): Promise<number[]>;
  /** Living processes whose initial environment says `name=value`, each with what it says of `also`. */
  marked(name: string, value: string, also: string): Promise<{ pid: number; also: string | null }[]>;
  /** Resident memory in bytes of each of these process groups that has a living member. */
  memoryOfGroups(pgids: ReadonlySet<number>): Promise<Map<number, number>>;
  /** What each of these processes that lives has taken: processor time since it began (null: not known here), and memory now. */
  usageOf(pids: readonly number[]): Promise<Map<number, ProcessUsage>>;
  /** Those of these processes that still live, by the same rule as `isAlive`, in one look. */
  living(identities: readonly ProcessIdentity[]): Promise<Set<ProcessIdentity>>;
  /**
   * Files that these processes have open for writing and whose names hold `part`, by process: those that are the same one have
   * the same `identity`. None where it cannot be told.
   */
  writtenFiles(pids: readonly number[], part: string): Promise<Map<number, WrittenFile[]>>;
  /** Changes with each boot of the machine. */
  bootId(): Promise<string>;
}

export interface WrittenFile {
  identity: string;
  /** As the process sees it. */
  path: string;
}

export interface ProcessUsage {
  cpu_s: number | null;
  /** Resident. */
  bytes: number;
}

/** A pid alone is not an identity: it is used again. Plain data, stored and compared. */
export interface ProcessIdentity {
  pid: number;
  /** Opaque start time: clock ticks since boot, or `ps`'s lstart. */
  start: string;
  boot: string;
}
