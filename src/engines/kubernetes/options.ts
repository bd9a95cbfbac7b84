import type { FoundCredentials } from '../../object-store/credentials/find.ts';
import type { KubernetesSettings } from '../../render/kubernetes/settings/settings.ts';
import type { Cluster } from './api/cluster.ts';
import type { EngineLog } from './engine-log.ts';

export interface KubernetesEngineOptions {
  name: string;
  /** Opens the cluster, when it is needed for the first time; after a failure, when it is needed again. */
  connect(): Promise<Cluster>;
  settings: KubernetesSettings;
  /** The control plane's: the engine keeps its files in `experiments/<id>/engine`. */
  dataFolder: string;
  now: () => Date;
  log: EngineLog;
  /** What the control plane itself has for object stores; absent: nothing. */
  credentials?: (() => Promise<FoundCredentials>) | undefined;
  /** How long an image may be impossible to pull before the experiment fails, in seconds. Default: 10 minutes. */
  imageFailAfterS?: number;
}
