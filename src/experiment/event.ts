import type { PodStatus, Reason, Step } from './status.ts';
import type { ExperimentRecord, Links, PodRecord } from './record.ts';

/**
 * Everything that can happen to an experiment, as facts. The store keeps them in order, the record is what
 * they fold to (`state.ts`), the status is derived from that (`derive-status.ts`). A fact is never a verdict:
 * nothing here says "the experiment is Failed".
 */
export type ExperimentEvent = { time: string } & ExperimentFact;

export type ExperimentFact =
  /** A step has begun. */
  | { type: 'step'; step: Step; message: string }
  /** The source is known exactly (a commit was fetched). */
  | { type: 'source'; source: ExperimentRecord['source'] }
  /** The manifest was read and planned. */
  | {
      type: 'planned';
      operator: ExperimentRecord['operator'];
      resources: ExperimentRecord['resources'];
      pods: PodRecord[];
      backoff_limit: number;
    }
  | { type: 'notice'; code: string; message: string }
  /** What pods run, where they run an image. */
  | { type: 'image'; image: string }
  /** What it waits for, or how far it is; replaced by the next one and by the next step. */
  | { type: 'progress'; message: string }
  /** All pods are (re)created: attempt 1 is the first. */
  | { type: 'attempt'; attempt: number; message: string }
  /** The cluster has stopped all pods of an attempt, to let them go on later: it waits again. */
  | { type: 'suspended'; attempt: number; message: string }
  /** Pods run again, those of the attempt after it. */
  | { type: 'resumed'; attempt: number; message: string }
  | PodFact
  | { type: 'link'; name: keyof Links; url: string | null }
  /** Working copies were kept here. */
  | { type: 'workdir'; path: string }
  | { type: 'cancel_requested'; message: string }
  /** Something ended the experiment's success for good; the first such fact counts. */
  | { type: 'failure'; reason: Reason; explanation: string }
  /** How long it ran, from the start of its first pods, by a clock that does not jump. */
  | { type: 'ran'; seconds: number }
  /** Nothing of the experiment runs any more. What it printed last may still be on its way into the log. */
  | { type: 'ended' };

/** The present facts about one pod of one attempt; later ones replace earlier ones. */
export interface PodFact {
  type: 'pod';
  pod: string;
  attempt: number;
  status: PodStatus;
  reason: Reason | null;
  exit_code: number | null;
  started_at: string | null;
  ended_at: string | null;
  peak_memory_bytes: number | null;
  /** Absent: not known, or the engine has none. */
  node?: string | null;
}
