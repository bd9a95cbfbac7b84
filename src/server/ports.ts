import type { Clone } from '../manifest/manifest.ts';

export type { ExperimentLogs, LogStore } from '../logs/store/log-store.ts';
export type { SnapshotStore } from '../snapshot/store/store.ts';

/** What the control plane needs of the adapters around it. The composition root gives the real ones. */

/** A commit of some repository, as files. */
export interface CommitSource {
  fetch(request: CommitRequest): Promise<FetchedCommit>;
}

export interface CommitRequest {
  repository: string;
  /** A SHA (short or long), a branch or a tag. */
  ref: string;
  branch: string | null;
  /** `clone` of the manifest. */
  clone: Clone;
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
