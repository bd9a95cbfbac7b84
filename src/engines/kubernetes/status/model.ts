import type { PodFact } from '../../../experiment/event.ts';
import type { EndedPod } from '../../../experiment/failure/explain.ts';
import type { Group } from '../../../experiment/plan/plan.ts';
import type { PlannedPod } from '../../../experiment/plan/planned-pods.ts';
import type { Notice } from '../../../experiment/record.ts';
import type { PodStatus, Reason } from '../../../experiment/status.ts';
import type { Observed } from '../watch/observed.ts';
import type { ContainerView } from '../pod/containers.ts';
import type { Disruption, SeenOrder } from '../pod/disruption.ts';
import type { SeenPod } from '../pod/seen-pod.ts';

/** What is said of an experiment in a cluster: types only, from what is seen to what is told. */

/** A JobSet or RayJob that we created for the experiment: there are several when attempts were resubmitted. */
export interface CreatedWorkload {
  uid: string;
  /** Attempts before its first. */
  offset: number;
}

/** The cluster has stopped an attempt's pods to let them go on later: a queue that needed the room, or somebody by hand. */
export interface Suspension {
  /** The attempt that ended by it; the next one begins when the workload is let go on. */
  attempt: number;
  /** Pods that were created later than this are of the next attempt (ISO 8601). */
  after: string;
  /** From when on nothing of it ran, … */
  from: string;
  /** … and when pods ran again; null: they do not yet. */
  until: string | null;
}

/**
 * What must be remembered from look to look because no object tells it. Plain data (JSON); begins as `NO_MEMORY`,
 * survives a restart of the server or is found out anew.
 */
export interface AttemptMemory {
  /** The latest attempt that was seen. */
  attempt: number;
  /** A main container has started, of whatever attempt. */
  started: boolean;
  /** The present workload as it was when it had completed or failed: it may be gone before its pods are known. */
  ended: WorkloadView | null;
  /** Attempt of each Ray cluster, by its name, and by the uid of the Job that submitted to it. */
  clusters: Record<string, number>;
  /** Index (`<replica>-<host>`) of each Ray worker pod that no label gives one, by uid. */
  workers: Record<string, string>;
  /** By uid of the workload, oldest first. */
  suspensions: Readonly<Record<string, readonly Suspension[]>>;
  /** What was seen first of each pod, by uid: the end of its main container, or the wish that it be deleted. */
  order: SeenOrder;
}

export const NO_MEMORY: AttemptMemory = {
  attempt: 1,
  started: false,
  ended: null,
  clusters: {},
  workers: {},
  suspensions: {},
  order: {},
};

/** The object that stands for the experiment, as its controller describes it. */
export interface WorkloadView {
  /** `missing`: not in the cluster (not yet, or no more). `suspended`: waits to be admitted. */
  state: 'missing' | 'suspended' | 'live' | 'completed' | 'failed';
  /** As the controller says it. */
  message: string | null;
  reason: string | null;
  uid: string | null;
  createdAt: string | null;
  /** When it completed or failed; null: it has not, or does not say. */
  endedAt: string | null;
  /** Its deletion was asked for. */
  deleting: boolean;
  /** When that was (ISO 8601); null: it was not. */
  deletedAt: string | null;
}

/** A pod object of the cluster, of any attempt: what log followers and the release of finalizers go by. */
export interface PodObject {
  /** Our name: `<type>-<job index>-<pod index>`. */
  pod: string;
  attempt: number;
  /** Place among the planned pods. */
  rank: number;
  objectName: string;
  uid: string;
  containers: ContainerView[];
  hasFinalizer: boolean;
  /** Its deletion was asked for. */
  deleting: boolean;
  /** It is no longer in the cluster; this is the last that was seen of it. */
  gone: boolean;
  createdAt: string | null;
}

/** Where a pod object belongs. */
export interface Place {
  /** Our name for it. */
  pod: string;
  attempt: number;
}

/** A pod object with its place in the plan. */
export interface PlacedPod {
  object: PodObject;
  source: SeenPod;
}

/** What its objects tell of one planned pod in one attempt, before anybody asks what the others did. */
export interface Sight {
  planned: PlannedPod;
  group: Group;
  /** All of this attempt, oldest first. */
  placed: readonly PlacedPod[];
  /** The one that stands for it now; null: there is none yet. */
  latest: PlacedPod | null;
  /** First start of its main container (ISO 8601); null: not seen. */
  startedAt: string | null;
  /** It has ended, if ever it ran. */
  isOver: boolean;
  /** ISO 8601; null: it has not ended, or nothing tells when. */
  endedAt: string | null;
  end: EndedPod | null;
  disrupted: Disruption | null;
  deletedBeforeEnd: boolean;
  /** Its deletion was asked for then (ms since the epoch). */
  askedAt: number | null;
  byItself: boolean;
}

/** What is to be told of a pod. `end`: the reason follows from how it ended. */
export interface Standing {
  status: PodStatus;
  reason: Reason | 'end' | null;
}

/** What decides where a pod stands, beside itself. */
export interface WorkloadSurroundings {
  observed: Observed;
  sights: readonly Sight[];
  workload: WorkloadView;
  /** The workload is at a later attempt. */
  superseded: boolean;
  /** Because it was suspended in this one. */
  suspended: boolean;
  /** Why we told the pods to end; null: we did not. */
  told: Reason | null;
  /** The workload was there, and is gone or going. */
  gone: boolean;
}

/** Why pods do not run, the worst of all pods with how many there are of it. */
export interface Waiting {
  /** For the `progress` fact. */
  message: string;
  /** What the experiment fails with when it lasts too long; null: it may take any time. */
  reason: Reason | null;
  /** What has been so since then (ISO 8601); null: unknown. */
  since: string | null;
  /** `none`: it can never heal. `limited`: it might, within the time given to images. `endless`: it is normal. */
  patience: 'none' | 'limited' | 'endless';
  /** Name of one pod it is true of; null: of none, the workload itself. */
  pod: string | null;
  /** What that pod printed last says why. */
  quotes?: boolean;
  /** Who suspended it, and why, where that is what it waits for. */
  suspended?: string;
}

/** A planned pod in one attempt: everything that is known of it, over all objects that stood for it. */
export interface PodView {
  pod: string;
  attempt: number;
  /** Index in `plan.groups`. */
  group: number;
  rank: number;
  /** Its latest object; null: there is none yet. */
  object: PodObject | null;
  /** What to tell of it. Never goes back while more is seen of the same attempt. */
  fact: PodFact;
  /** How it ended, with evidence; null: it has not, or nobody can know. */
  end: EndedPod | null;
  /** It ended by itself: nobody had asked for its deletion, and nothing disrupted it. */
  byItself: boolean;
  /** Its main container has started. */
  started: boolean;
  /** Kubernetes said that it would end this pod (condition DisruptionTarget), or did. */
  disrupted: Disruption | null;
  /** Its deletion was asked for before its main container had ended. */
  deletedBeforeEnd: boolean;
  /** The latest object as it was seen. */
  source: SeenPod | null;
}

export interface AttemptView {
  /** Counts from 1, over all workloads. */
  attempt: number;
  /** Attempts up to this one that count against the restarts: not those that were suspended. */
  tries: number;
  /** Of all attempts, oldest first. */
  suspensions: readonly Suspension[];
  /** In rank order, one for each planned pod. */
  pods: PodView[];
  /** Every pod object of the experiment, of all attempts, in order of attempt and rank. */
  objects: PodObject[];
  /** Null: nothing waits. */
  waiting: Waiting | null;
  workload: WorkloadView;
  /** The workload is at a later attempt already, of which no pod was seen or whose pods are not there yet. */
  superseded: boolean;
  /** A main container has started in this attempt. */
  started: boolean;
  /** Of it or an earlier one. */
  everStarted: boolean;
  /** What users should know, though nothing has ended by it. */
  notices: Notice[];
  /** To be given to the next look. */
  memory: AttemptMemory;
  told: Reason | null;
}

/** What there is to see at one moment. */
export interface Look {
  observed: Observed;
  view: AttemptView;
}

/** With views of attempts before the latest. */
export interface LookBack extends Look {
  earlier: (attempt: number) => AttemptView;
}
