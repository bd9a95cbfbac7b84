import type { Engine } from '../../engines/engine.ts';
import type { LinkServer } from '../links/links.ts';
import type { MetricsService } from '../metrics/metrics.ts';
import type { Log, LogStore, SnapshotStore } from '../ports.ts';
import type { Folders } from '../process/folders.ts';
import type { ExperimentStore } from '../store/store.ts';
import type { ProjectTable } from '../store/tables/projects.ts';
import type { PrivateStore } from '../submission/private-values.ts';
import type { Later } from './recording/later.ts';

/** What supervision works with. */
export interface Ground {
  store: ExperimentStore;
  snapshots: SnapshotStore;
  logs: LogStore;
  /** By name; changes as engines come and go. */
  engines: ReadonlyMap<string, Engine>;
  folders: Folders;
  privateValues: PrivateStore;
  projects: ProjectTable;
  /** To what runs in clusters. */
  links: LinkServer;
  metrics: MetricsService;
  /** What was acted upon and waits to be recorded. */
  later: Later;
  log: Log;
}
