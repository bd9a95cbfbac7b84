import type { KubernetesSettings } from '../../../render/kubernetes/settings/settings.ts';
import type { Cluster } from '../api/cluster.ts';

/** One cluster as it is looked at. */
export interface Looked {
  /** Name of the engine. */
  engine: string;
  cluster: Cluster;
  settings: KubernetesSettings;
  /** As the cluster knows us; null: it does not tell. */
  user: string | null;
  now: Date;
}
