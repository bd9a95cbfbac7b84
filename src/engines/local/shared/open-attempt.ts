import type { InsideOptions } from '../container/containers.ts';
import type { Containment } from '../mounts/containment.ts';
import type { LivePod } from '../pod/pod.ts';

/** An attempt whose pods may be looked into. */
export interface OpenAttempt {
  pods: readonly LivePod[];
  /** How its pods have processes of their own; null: they have not. */
  containment: Containment | null;
  /** Where a pod is and what it sees; makes nothing anew. */
  prepare(pod: LivePod): Promise<PodInside>;
}

/** A pod, seen from within. */
export interface PodInside {
  /** Folder of the machine in which it starts. */
  folder: string;
  /** The same in its own eyes. */
  start: string;
  env: Record<string, string>;
  /** Words before a command that give it the pod's mounts; none where it has none. */
  enter: readonly string[];
  /** Words before a command that run it in the pod's container; absent: it has none. */
  inside?: ((options: InsideOptions) => string[]) | undefined;
}
