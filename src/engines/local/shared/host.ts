import type { AtMost } from '../../../base/async/at-most.ts';
import type { Processes } from '../../../machine/processes.ts';
import type { Entrance } from '../mounts/enter.ts';
import type { Containment } from '../mounts/containment.ts';
import type { OwnStore } from '../services/own-store.ts';
import type { OpenAttempt } from './open-attempt.ts';
import type { RunLimits } from '../build/shell/limits.ts';
import type { GpuPool } from './gpu-pool.ts';
import type { OomEvidence } from './oom.ts';
import type { PortRegistry } from './port-registry.ts';

/** What all experiments of the engine share of this machine. Whoever needs some of it says what. */
export interface Host {
  /** The server's own. */
  env: Readonly<Record<string, string | undefined>>;
  dataFolder: string;
  processes: Processes;
  now: () => Date;
  /** Seconds since boot: holds over restarts of the server and jumps of the clock. */
  uptime: () => number;
  gpus: GpuPool;
  ports: PortRegistry;
  /** Where inputs and outputs are, unless in folders of this machine; null: nowhere else. */
  store: OwnStore | null;
  oom: OomEvidence;
  /** The attempts that are being looked after, by their experiments. */
  lookedAfter: Map<string, OpenAttempt>;
  /** How long what runs has run, by experiment. */
  clocks: Map<string, { elapsed(): number }>;
  /**
   * What opens files and programs for as long as it takes, so many at a time over all experiments: a process may have
   * only so much open.
   */
  atATime: {
    /** Builds. */
    builds: AtMost;
    /** Pods of which the working copy and the log files are made. */
    preparations: AtMost;
    /** Attempts whose pods are being started. */
    launches: AtMost;
  };
  /** A bash of this machine, by which pods are started together; null: there is none. Asked once. */
  bash: () => Promise<string | null>;
  /** How pods get mounts of their own; null: this machine does not allow it. Asked once. */
  entrance: () => Promise<Entrance | null>;
  /** What one RUN line of a Dockerfile may take; absent: the usual. */
  runLimits?: RunLimits | undefined;
  /** How pods get processes and a host name of their own; null: it does not allow that. Asked once. */
  findContainment: () => Promise<Containment | null>;
}
