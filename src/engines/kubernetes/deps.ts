import type { KubernetesSettings } from '../../render/kubernetes/settings/settings.ts';
import type { Cluster } from './api/cluster.ts';
import type { EngineLog } from './engine-log.ts';
import type { NodeLister } from './fit/inventory.ts';
import type { ReadingPlaces } from './logs/places.ts';
import type { Look } from './status/model.ts';
import type { Observatory } from './watch/observatory.ts';
import type { QueuePlaces } from './watch/queue/queue-places.ts';

/** A cluster that is in use, and what is watched there. */
export interface Connected {
  cluster: Cluster;
  observatory: Observatory;
  places: QueuePlaces;
  reading: ReadingPlaces;
}

/** What every part of one Kubernetes engine shares. */
export interface ClusterDeps {
  /** Name of the engine. */
  name: string;
  settings: KubernetesSettings;
  /** Its nodes, as they were a moment ago. */
  nodes: NodeLister;
  /** How long an image may be impossible to pull before the experiment fails, in seconds. */
  imageFailAfterS: number;
  /** The last look at each experiment that is looked after. */
  looked: Map<string, Look>;
  now: () => Date;
  log: EngineLog;
  /** Throws AichorError `engine_unavailable` when there is nothing to connect to, as configured. */
  connected(): Promise<Connected>;
}
