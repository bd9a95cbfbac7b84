import type { KubernetesSettings } from '../../render/kubernetes/settings/settings.ts';
import type { Cluster } from './api/cluster.ts';
import type { EngineLog } from './engine-log.ts';
import type { Observatory } from './watch/observatory.ts';

/** A cluster that is in use, and what is watched there. */
export interface Connected {
  cluster: Cluster;
  observatory: Observatory;
}

/** What every part of one Kubernetes engine shares. */
export interface ClusterDeps {
  /** Name of the engine. */
  name: string;
  settings: KubernetesSettings;
  /** How long an image may be impossible to pull before the experiment fails, in seconds. */
  imageFailAfterS: number;
  now: () => Date;
  log: EngineLog;
  /** Throws AichorError `engine_unavailable` when there is nothing to connect to, as configured. */
  connected(): Promise<Connected>;
}
