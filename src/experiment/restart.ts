/** What is known when somebody has to decide how an attempt goes on. */
export interface AttemptFacts {
  /** Counts from 1. */
  attempt: number;
  /** `spec.restartPolicy.backoffLimit`: how often all pods may be started again. */
  backoff_limit: number;
  /** Pods that are still to run or running. */
  live_pods: number;
  /** A pod has failed by itself (not because it was told to stop). */
  pod_failed: boolean;
  deadline_passed: boolean;
  cancel_requested: boolean;
}

/**
 * `go-on`: start what is due, wait for the rest. `succeed`: all pods have. The others stop what still runs;
 * after `restart` all pods are recreated, finished ones too.
 */
export type AttemptDecision = 'go-on' | 'succeed' | 'restart' | 'fail' | 'deadline' | 'cancel';

/**
 * How an attempt goes on, in order of priority: what has happened (a failed pod, or all succeeded) comes before
 * what is asked for, so a run that had succeeded is never called cancelled, nor late. A failure after the
 * deadline or after a cancel is not worth another attempt.
 */
export function decideAttempt(facts: AttemptFacts): AttemptDecision {
  if (facts.pod_failed) {
    if (facts.attempt > facts.backoff_limit) return 'fail';
    if (facts.cancel_requested) return 'cancel';
    return facts.deadline_passed ? 'deadline' : 'restart';
  }
  if (facts.live_pods === 0) return 'succeed';
  if (facts.cancel_requested) return 'cancel';
  return facts.deadline_passed ? 'deadline' : 'go-on';
}
