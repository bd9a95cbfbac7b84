import { join } from 'node:path';
import type { PodEnd } from '../../../experiment/failure/explain.ts';
import type { PlannedPod } from '../../../experiment/plan/planned-pods.ts';
import type { PodStatus, Reason } from '../../../experiment/status.ts';
import type { LogSource } from '../../../logs/line.ts';
import type { ProcessIdentity } from '../../../machine/processes.ts';

/** As far as starting is concerned: not yet started, started, ended. */
export type PodPhase = 'waiting' | 'live' | 'ended';

/** What the engine knows of one pod of the present attempt. All of it can be found again from its files. */
export interface LivePod {
  readonly planned: PlannedPod;
  readonly name: string;
  /** Counts from 1. */
  readonly attempt: number;
  /** Its files in the attempt's folder are called `<base>.pid`, `.exit`, … */
  readonly base: string;
  readonly logs: readonly LogSource[];
  phase: PodPhase;
  identity: ProcessIdentity | null;
  started_at: Date | null;
  ended_at: Date | null;
  end: PodEnd | null;
  /** It ended before it was told to. */
  by_itself: boolean;
  status: PodStatus;
  reason: Reason | null;
  peak_memory_bytes: number | null;
  /** The kernel killed it for want of memory; null: not looked yet. */
  out_of_memory: boolean | null;
  /** What it printed last, on both streams, and its last line on standard error; null: not looked yet. */
  output: { tail: string; complaint: string | null } | null;
  /** Where it starts; null: another process has started it. */
  folder: string | null;
  /** Devices it holds; null: it asks for none. */
  devices: string[] | null;
  /** What started it has ended: worth a look whether the pod has. */
  look: boolean;
  /** Its shim has begun, or nobody ever will. */
  claimed: boolean;
  /** How often it was looked for without anybody to be seen who runs it. */
  unseen: number;
  stopping: boolean;
  /** Looks since its command has ended without a word on how. */
  exit_waits: number;
  /** Aborted when it has ended. */
  readonly ended: AbortController;
}

export function newPod(planned: PlannedPod, folder: string, attempt: number): LivePod {
  const source = { step: 'run', pod: planned.pod, attempt } as const;
  return {
    planned,
    name: planned.pod,
    attempt,
    base: join(folder, planned.pod),
    logs: [
      { ...source, stream: 'stdout' },
      { ...source, stream: 'stderr' },
    ],
    phase: 'waiting',
    identity: null,
    started_at: null,
    ended_at: null,
    end: null,
    by_itself: false,
    status: 'Pending',
    reason: null,
    peak_memory_bytes: null,
    out_of_memory: null,
    output: null,
    folder: null,
    devices: null,
    look: false,
    claimed: false,
    unseen: 0,
    stopping: false,
    exit_waits: 0,
    ended: new AbortController(),
  };
}

/** It ended well, and not because it was told to end. */
export function hasSucceeded(pod: LivePod): boolean {
  return pod.phase === 'ended' && pod.by_itself && pod.end?.how === 'exited' && pod.end.code === 0;
}

/** It ended badly by itself. */
export function hasFailed(pod: LivePod): boolean {
  return pod.phase === 'ended' && pod.by_itself && !hasSucceeded(pod);
}
