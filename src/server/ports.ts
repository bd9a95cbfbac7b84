import type { Readable } from 'node:stream';
import type { SnapshotReader } from '../engines/engine.ts';
import type { Listing } from '../snapshot/listing.ts';

export type { ExperimentLogs, LogStore } from '../log-store/log-store.ts';

/** What the control plane needs of the adapters around it. The composition root gives the real ones. */

export interface SnapshotStore {
  announce(listing: Listing): Promise<{ digest: string; missing: string[] }>;
  receive(digest: string, tar: Readable): Promise<{ digest: string; missing: string[] }>;
  /** Null: not here, or not complete. */
  open(digest: string): Promise<SnapshotReader | null>;
  importDirectory(directory: string): Promise<string>;
  bytesOnDisk(): Promise<number>;
  collect(keep: ReadonlySet<string>): Promise<void>;
}

/** A commit of some repository, as files. */
export interface CommitSource {
  fetch(request: CommitRequest): Promise<FetchedCommit>;
}

export interface CommitRequest {
  repository: string;
  /** A SHA (short or long), a branch or a tag. */
  ref: string;
  branch: string | null;
  /** An empty folder of the server; the caller removes it. */
  directory: string;
  signal: AbortSignal;
}

export interface FetchedCommit {
  commit_sha: string;
  branch: string | null;
  /** Where it came from, without credentials. */
  repository: string;
  /** `VCS_*` variables. */
  vcs: Record<string, string>;
}

/** The server's log. Values of secrets are never given to it. */
export interface Log {
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}
