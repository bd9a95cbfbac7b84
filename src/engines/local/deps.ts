import type { Processes } from '../../machine/processes.ts';
import type { RunContext } from '../engine.ts';
import type { FactQueue } from '../facts.ts';
import type { GpuPool } from './pod/gpu-pool.ts';
import type { Entrance } from './mounts/enter.ts';
import type { Surroundings } from './run/surroundings.ts';
import type { LogPump } from './pod/log-pump.ts';
import type { OomEvidence } from './run/oom.ts';
import type { PortRegistry } from './pod/port-registry.ts';
import type { RayCluster } from './ray/cluster.ts';
import type { Jupyter } from './services/debug.ts';

/** What all experiments of the engine share. */
export interface EngineDeps {
  dataFolder: string;
  processes: Processes;
  now: () => Date;
  /** Seconds since boot: holds over restarts of the server and jumps of the clock. */
  uptime: () => number;
  gpus: GpuPool;
  ports: PortRegistry;
  oom: OomEvidence;
  /** How pods get mounts of their own; null: this machine does not allow it. Asked once. */
  entrance: () => Promise<Entrance | null>;
}

/** One `run` of one experiment. */
export interface ExperimentRun {
  deps: EngineDeps;
  context: RunContext;
  facts: FactQueue;
  logs: LogPump;
  /** Port of the coordinator, or null when the plan has none. */
  port: number | null;
  /** Null for other operators than kuberay. */
  ray: RayCluster | null;
  /** Null when nobody debugs with Jupyter. */
  jupyter: Jupyter | null;
  /** What the Dockerfile and the volumes make of the pods' surroundings. */
  surroundings: Surroundings;
  /** Folders that come first in the pods' PATH. */
  programs: readonly string[];
}
