import type { Engine } from '../engines/engine.ts';
import type { Changes } from './experiments/changes.ts';
import type { EngineRegistry } from './engines/registry.ts';
import type { Folders } from './process/folders.ts';
import type { Links } from './links/links.ts';
import type { CommitSource, Log, LogStore, SnapshotStore } from './ports.ts';
import type { ExperimentStore } from './store/store.ts';
import type { Supervisor } from './supervision/supervisor.ts';

/** What supervision works with: everything but itself. */
export interface Ground {
  store: ExperimentStore;
  snapshots: SnapshotStore;
  logs: LogStore;
  /** By name; changes as engines come and go. */
  engines: ReadonlyMap<string, Engine>;
  folders: Folders;
  /** To what runs in clusters. */
  links: Links;
  log: Log;
  now(): Date;
}

/** What use cases and routes work with; made once by the composition root, in tests by hand. */
export interface ControlPlane extends Ground {
  version: string;
  pid: number;
  /** How the server is reached, for `server status`. */
  address: string;
  changes: Changes;
  commits: CommitSource;
  /** Of which `engines` are. */
  registry: EngineRegistry;
  supervisor: Supervisor;
  /** Where experiments go for which nobody names an engine; null: to the embedded one. */
  defaultEngine: string | null;
  newId(): string;
  /** Largest sum of a snapshot's file sizes that is taken, in bytes. */
  snapshotLimit: number;
  /** Aborted when the server goes: streams end then. */
  closing: AbortSignal;
  /** Makes the server leave, after the present request was answered. */
  stop(): void;
}
