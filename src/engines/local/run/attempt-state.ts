import type { PodFact } from '../../../experiment/event.ts';
import type { ExperimentRun } from '../deps.ts';
import type { MemoryWatch } from './memory.ts';
import type { LivePod } from '../pod/pod.ts';
import type { PlacedMark } from './stop-mark.ts';
import type { Wake } from '../../../base/async/wake.ts';

/** One attempt while it is looked after. */
export interface Attempt {
  readonly run: ExperimentRun;
  /** Counts from 1. */
  readonly number: number;
  readonly folder: string;
  readonly shim: string;
  readonly pods: readonly LivePod[];
  readonly wake: Wake;
  readonly memory: MemoryWatch;
  /** What was last told of how far a Ray cluster is. */
  progress: string | null;
  /** The link to its dashboard was told. */
  linked: boolean;
  /** The link to what it is debugged with was told. */
  debugLinked: boolean;
  /** What was last told of how to sign in to it. */
  signIn: string | null;
  /** Set once it is being ended. */
  mark: PlacedMark | null;
}

/** Tells the present state of a pod. */
export function tellPod({ run, number }: Pick<Attempt, 'run' | 'number'>, pod: LivePod): void {
  const fact: PodFact = {
    type: 'pod',
    pod: pod.name,
    attempt: number,
    status: pod.status,
    reason: pod.reason,
    exit_code: exitCode(pod),
    started_at: pod.started_at?.toISOString() ?? null,
    ended_at: pod.ended_at?.toISOString() ?? null,
    peak_memory_bytes: pod.peak_memory_bytes,
  };
  run.facts.push(fact);
}

/** A pod that we killed at the end of its grace has the code of SIGKILL. */
function exitCode({ end, by_itself, started_at }: LivePod): number | null {
  if (end?.how === 'exited') return end.code;
  return end?.how === 'vanished' && !by_itself && started_at !== null ? 137 : null;
}
