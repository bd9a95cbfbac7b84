import type { Plan } from '../../../experiment/plan/plan.ts';
import type { ObservedJobSet, ObservedRayJob, Resource } from '../api/objects.ts';
import type { SeenPod } from '../pod/seen-pod.ts';
import type {
  AttemptMemory,
  CreatedWorkload,
  Place,
  PodView,
  Sight,
  Standing,
  WorkloadSurroundings,
  WorkloadView,
} from '../status/model.ts';
import type { JudgeInput, Judgement } from '../status/verdict.ts';
import type { Observed, ObservedWorkload } from '../watch/observed.ts';

/** What differs between the two kinds of object that carry an experiment, JobSet and RayJob. Pure; chosen once (`of.ts`). */
export interface Workload {
  /** The kind of the object. */
  resource: Resource;
  /** What brings that kind to a cluster. */
  product: string;
  /** As the watch knows it: troubles with the other kind are none of this experiment's. */
  watched: 'jobset' | 'rayjob';
  /** The object as it is there; null: it is not. */
  object(observed: ObservedWorkload): ObservedJobSet | ObservedRayJob | null;
  /** What its controller says of it; asked only when it is there. */
  said(observed: ObservedWorkload): Pick<WorkloadView, 'state' | 'message' | 'reason' | 'endedAt'>;
  /** Number of the attempt that it is at, counted from 1 in this workload. */
  attempt(observed: Observed): number;
  /** Our names for its pods, and their attempts, by uid. */
  place(toPlace: ToPlace): { places: ReadonlyMap<string, Place>; memory: AttemptMemory };
  /** Where each pod stands among the others. */
  stand(around: WorkloadSurroundings): (sight: Sight) => Standing;
  /** What a failed workload failed of. */
  failure(input: JudgeInput): Judgement;
  /** What its pods have done settles it, though it goes on itself; null: it does not. */
  unfinished(input: JudgeInput): Judgement | null;
  /** The pod whose end makes a success none; null: there is none. */
  disturbed(input: JudgeInput): PodView | null;
  /** Names of objects whose controllers create a pod of it. */
  owners(sight: Sight, observed: Observed, experimentId: string): ReadonlySet<string>;
  /** What its pods have done stays done when it goes on after a suspension. */
  resumes: boolean;
  /** It makes good itself for pods that end again and again. */
  copes(observed: Observed): boolean;
}

/** Every pod of an experiment, to be given its place. */
export interface ToPlace {
  plan: Plan;
  observed: Observed;
  /** In the cluster and gone ones, each once. */
  pods: readonly SeenPod[];
  /** Uids of those that are gone. */
  gone: ReadonlySet<string>;
  workloads: readonly CreatedWorkload[];
  /** Attempts before the first of the present workload. */
  offset: number;
  memory: AttemptMemory;
  now: Date;
}
