import type { Event, Job, ObservedJobSet, ObservedRayJob, QueuedWorkload } from '../api/objects.ts';
import type { SeenPod } from '../pod/seen-pod.ts';

/** What carries an experiment. */
export type ObservedWorkload = Pick<Observed, 'jobset' | 'rayjob'>;

/**
 * Everything of one experiment as the engine's watches last saw it. Pods that were deleted are in it until their
 * object is gone; `gone` holds the last state of those (the finalizer makes that our own doing).
 */
export interface Observed {
  jobset: ObservedJobSet | null;
  rayjob: ObservedRayJob | null;
  /** What a queue makes of it; null: it is in none, or that is not known. */
  queued: QueuedWorkload | null;
  jobs: readonly Job[];
  pods: readonly SeenPod[];
  gone: readonly SeenPod[];
  /** Warnings about objects of the experiment, oldest first. */
  events: readonly Event[];
}
