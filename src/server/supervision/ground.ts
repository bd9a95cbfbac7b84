import type { Engine } from '../../engines/engine.ts';
import type { LinkServer } from '../links/links.ts';
import type { MetricsService } from '../metrics/metrics.ts';
import type { Log, LogStore, SnapshotStore } from '../ports.ts';
import type { Folders } from '../process/folders.ts';
import type { ExperimentStore } from '../store/store.ts';
import type { PrivateStore } from '../submission/private-values.ts';

/** What supervision works with. */
export interface Ground {
  store: ExperimentStore;
  snapshots: SnapshotStore;
  logs: LogStore;
  /** By name; changes as engines come and go. */
  engines: ReadonlyMap<string, Engine>;
  folders: Folders;
  privateValues: PrivateStore;
  /** To what runs in clusters. */
  links: LinkServer;
  metrics: MetricsService;
  log: Log;
}
