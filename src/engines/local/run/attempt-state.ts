import type { Wake } from '../../../base/async/wake.ts';
import type { PodFact } from '../../../experiment/event.ts';
import type { LivePod } from '../pod/pod.ts';
import type { PlacedMark } from './stop-mark.ts';

/** One attempt while it is looked after. */
export interface Attempt {
  /** Counts from 1. */
  readonly number: number;
  readonly folder: string;
  readonly pods: readonly LivePod[];
  readonly wake: Wake;
  /** Set once it is being ended. */
  mark: PlacedMark | null;
}

/** The present state of a pod, to be told. */
export function podFact(attempt: number, pod: LivePod): PodFact {
  return {
    type: 'pod',
    pod: pod.name,
    attempt,
    status: pod.status,
    reason: pod.reason,
    exit_code: exitCode(pod),
    started_at: pod.started_at?.toISOString() ?? null,
    ended_at: pod.ended_at?.toISOString() ?? null,
    peak_memory_bytes: pod.peak_memory_bytes,
  };
}

/** A pod that we killed at the end of its grace has the code of SIGKILL. */
function exitCode({ end, by_itself, started_at }: LivePod): number | null {
  if (end?.how === 'exited') return end.code;
  return end?.how === 'vanished' && !by_itself && started_at !== null ? 137 : null;
}
