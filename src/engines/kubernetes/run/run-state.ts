import type { Rendering } from '../../../render/kubernetes/rendering.ts';
import type { RunContext } from '../../engine.ts';
import type { FactQueue } from '../../facts.ts';
import type { Wake } from '../../../base/async/wake.ts';
import type { CreatedWorkload } from '../status/model.ts';
import type { Workload } from '../workload/workload.ts';
import type { Cluster } from '../api/cluster.ts';
import type { ClusterDeps } from '../deps.ts';
import type { EndedPods } from './ended-pods.ts';
import type { LinkTeller } from '../links/link-teller.ts';
import type { Kept } from './kept.ts';
import type { KubeObject } from '../api/objects.ts';
import type { View } from '../watch/observatory.ts';
import type { QueuePlaces } from '../watch/queue/queue-places.ts';
import type { PodKeeper } from './pod-keeper.ts';
import type { Teller } from './tell.ts';

/** One experiment while it is looked after. */
export interface ClusterRun {
  readonly deps: ClusterDeps;
  readonly context: RunContext;
  readonly cluster: Cluster;
  /** What carries the plan. */
  readonly workload: Workload;
  /** What is applied: the plan with the image that was built. */
  readonly rendering: Rendering;
  readonly kept: Kept;
  readonly ended: EndedPods;
  readonly view: View;
  readonly places: QueuePlaces;
  readonly facts: FactQueue;
  readonly tell: Teller;
  readonly links: LinkTeller;
  readonly keeper: PodKeeper;
  readonly wake: Wake;
  /** What is not gathered with other changes: its workload is over. */
  readonly urgent: Wake;
  /** The workload as it was created, until it is seen by the watch. */
  applied: KubeObject | null;
  /** What went wrong beside the loop that looks after it: the loop ends with it. */
  failed: { error: unknown } | null;
  /** The cluster has not ended all pods in time: nobody waits for their logs any more. */
  abandoned: boolean;
}

/** Those workloads of the experiment that are known to have been created. */
export function createdWorkloads({ run }: Kept): CreatedWorkload[] {
  return run.workloads.flatMap(({ uid, offset }) => (uid === null ? [] : [{ uid, offset }]));
}
