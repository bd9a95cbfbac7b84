import type { Notice } from '../../../experiment/record.ts';
import type { Rendering } from '../../../render/kubernetes/rendering.ts';
import type { BuildContext } from '../../engine.ts';
import type { Wake } from '../../../base/async/wake.ts';
import type { Cluster } from '../api/cluster.ts';
import type { Job } from '../api/objects.ts';
import type { ClusterDeps } from '../deps.ts';
import type { PodLogs } from '../logs/pod-logs.ts';
import type { View } from '../watch/observatory.ts';
import type { Uploader } from './upload/uploader.ts';

export interface BuildOrder {
  context: BuildContext;
  /** Path in the repository. */
  dockerfile: string;
}

/** A build while it is looked after. */
export interface Building extends BuildOrder {
  deps: ClusterDeps;
  cluster: Cluster;
  rendering: Rendering;
  jobName: string;
  /** The Job as it was applied, or found, until the watch tells of it. */
  applied: Job | null;
  view: View;
  wake: Wake;
  logs: PodLogs;
  uploader: Uploader;
  /** What users should know when it is done. */
  notices: Notice[];
}
