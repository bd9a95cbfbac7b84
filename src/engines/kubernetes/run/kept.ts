import { join } from 'node:path';
import { readIfThere } from '../../../base/io/files.ts';
import { placeSync } from '../../../base/io/place.ts';
import type { Explanation } from '../../../experiment/failure/explain.ts';
import { REASONS } from '../../../experiment/status.ts';
import { NO_MEMORY, type AttemptMemory } from '../status/model.ts';

/** A workload of the experiment: the first one, or one that was created anew after an attempt that was disturbed. */
export interface KeptWorkload {
  /** Attempts before its first. */
  offset: number;
  /** Null: it is about to be created. Written down before it is, so that what is created is always known. */
  uid: string | null;
  /** Everything that stands beside it was created too. */
  complete: boolean;
}

/**
 * Why the experiment (or its present workload) is being ended, written before anything is done about it: whatever
 * dies after that, the same end is reached for the same reason.
 */
export interface ClusterStop {
  /** `done`: all went well. `again`: this workload only, the next one follows. */
  cause: 'done' | 'fail' | 'deadline' | 'cancel' | 'again';
  /** What it tells users; null for done, cancel and again. */
  failure: Explanation | null;
  /** ISO 8601; the grace counts from here. */
  at: string;
}

/** Everything about a run that no object of the cluster tells, as it is written to `run.json`. */
export interface KeptRun {
  /** Oldest first. */
  workloads: KeptWorkload[];
  /** When the first main container started (ISO 8601): the timeout counts from there. */
  started_at: string | null;
  stop: ClusterStop | null;
  memory: AttemptMemory;
  /** What is of no use after the end was removed from the cluster. */
  cleared: boolean;
}

/** What is kept of one experiment's run; in memory as it is on disk. */
export interface Kept {
  readonly run: Readonly<KeptRun>;
  /** On return it is written, whole or not at all. */
  change(change: Partial<KeptRun>): Promise<void>;
}

const NOTHING: KeptRun = { workloads: [], started_at: null, stop: null, memory: NO_MEMORY, cleared: false };

/** @param directory the engine's folder of the experiment */
export async function openKept(directory: string): Promise<Kept> {
  const path = join(directory, 'run.json');
  let run = await readRun(path);
  return {
    get run() {
      return run;
    },
    async change(change) {
      const changed = { ...run, ...change };
      // Who waits for the end does not stand in line for the disk behind thousands of logs.
      placeSync(path, JSON.stringify(changed));
      run = changed;
    },
  };
}

async function readRun(path: string): Promise<KeptRun> {
  const text = await readIfThere(path);
  if (text === null) return NOTHING;
  const run: unknown = JSON.parse(text);
  if (!isKeptRun(run)) throw new Error(`${path} holds ${text}`);
  return { ...run, memory: { ...NO_MEMORY, ...run.memory } };
}

function isKeptRun(value: unknown): value is KeptRun {
  const run = value as Partial<KeptRun> | null;
  if (typeof run !== 'object' || run === null || !Array.isArray(run.workloads)) return false;
  const isStop = run.stop === null || (typeof run.stop?.cause === 'string' && isFailure(run.stop.failure));
  return isStop && typeof run.memory === 'object' && run.workloads.every(isWorkload);
}

function isWorkload(value: Partial<KeptWorkload>): boolean {
  return typeof value.offset === 'number' && (value.uid === null || typeof value.uid === 'string');
}

function isFailure(value: Explanation | null): boolean {
  return value === null || REASONS.includes(value.reason);
}
