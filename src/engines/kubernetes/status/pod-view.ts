import type { PodFact } from '../../../experiment/event.ts';
import type { EndedPod } from '../../../experiment/explain.ts';
import type { Pod } from '../api/objects.ts';

/** A container of a pod object, as far as its log is concerned. */
export interface ContainerView {
  name: string;
  /** `main`: runs the command (or a Ray node, or hands the job in); `init`: before it. */
  kind: 'main' | 'init';
  /** There is, or was, a process: its log can be asked for. */
  started: boolean;
  /** It ended and will not be started again. */
  ended: boolean;
  /** How often Kubernetes has started it again in this pod. */
  restart: number;
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
  /** The latest object as the cluster has it. */
  source: Pod | null;
}

/** Why a pod was ended by the cluster. */
export interface Disruption {
  /** PreemptionByScheduler, DeletionByTaintManager, EvictionByEvictionAPI, DeletionByPodGC, TerminationByKubelet, Evicted, NodeLost, … */
  reason: string;
  message: string;
}
