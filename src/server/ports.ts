import type { Listing } from '../snapshot/listing/listing.ts';
import type { Access } from '../source/access.ts';
import type { Clone } from '../manifest/manifest.ts';

export type { ExperimentLogs, LogStore } from '../logs/store/log-store.ts';
export type { SnapshotStore } from '../snapshot/store/store.ts';

/** What the control plane needs of the adapters around it. The composition root gives the real ones. */

/** A commit of some repository, as files. */
export interface CommitSource {
  /**
   * Calls `take` with the commit while its files are there, and gives what that gives. It may be called again when what it was
   * given turns out to be damaged.
   */
  fetch<T>(request: CommitRequest, take: TakeCommit<T>): Promise<T>;
  /** Removes what is kept of a project's repositories. */
  forget(project: string): Promise<void>;
  /** Returns when nothing is at work that nobody waits for. */
  settled(): Promise<void>;
}

export type TakeCommit<T> = (commit: FetchedCommit, files: CommitFiles) => Promise<T>;

/** The files of a commit: in a directory, or as a listing with what reads contents of it (as `snapshot/listing/frame.ts` says). */
export type CommitFiles =
  | { kind: 'directory'; directory: string }
  | { kind: 'listed'; listing: Listing; contents(sha256s: readonly string[]): AsyncIterable<Buffer> };

export interface CommitRequest {
  repository: string;
  /** A SHA (short or long), a branch or a tag. */
  ref: string;
  branch: string | null;
  /** How it is got at; null: with all that the server's own user has, for whom it is. */
  access: Access | null;
  /** `clone` of the manifest. */
  clone: Clone;
  /** An empty folder of the server, where they may be laid out; the caller removes it. */
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
