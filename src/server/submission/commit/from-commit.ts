import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Submission } from '../../../api/contract.ts';
import type { SnapshotReader } from '../../../engines/engine.ts';
import { isAichorError } from '../../../errors.ts';
import type { Clone } from '../../../manifest/manifest.ts';
import { parseManifest } from '../../../manifest/parse.ts';
import type { CommitSource, FetchedCommit, SnapshotStore } from '../../ports.ts';
import type { Folders } from '../../process/folders.ts';
import type { FoundFiles } from '../from-directory.ts';
import { findManifest } from '../find-manifest.ts';

/** What fetching a commit needs. */
export interface CommitReading {
  commits: CommitSource;
  snapshots: SnapshotStore;
  folders: Pick<Folders, 'data'>;
}

type WantedCommit = Extract<Submission['source'], { kind: 'commit' }> & {
  manifest_path: string | null;
  signal: AbortSignal;
};

interface ImportedCommit {
  commit: FetchedCommit;
  snapshot: SnapshotReader;
}

/** Just the files of the commit: enough to find the manifest, which says whether there must be more. */
const PLAIN: Clone = { depth: 1, submodules: 'false', includeDotGit: false };

/**
 * Fetches a commit as its manifest's `clone` wants it, as a snapshot, before the request is answered: what Git refuses
 * is an error of the request (`not_found` with Git's reason).
 */
export async function filesOfCommit(by: CommitReading, wanted: WantedCommit): Promise<FoundFiles> {
  const { commit, snapshot } = await importCommit(by, wanted);
  const { repository, commit_sha, branch, vcs } = commit;
  return {
    source: { kind: 'commit', snapshot: snapshot.digest, repository, commit_sha, branch },
    files: { digest: snapshot.digest, open: async () => snapshot },
    vcs,
  };
}

async function importCommit(by: CommitReading, wanted: WantedCommit): Promise<ImportedCommit> {
  const plain = await fetchInto(by, wanted, PLAIN);
  const clone = await cloneWish(plain.snapshot, wanted.manifest_path);
  if (clone === null || (!clone.includeDotGit && clone.submodules === 'false')) return plain;
  const { commit_sha, branch } = plain.commit;
  return fetchInto(by, { ...wanted, commit_sha, branch }, clone);
}

/** Null when the manifest cannot be used: that is said later, with all that is wrong. */
async function cloneWish(snapshot: SnapshotReader, manifestPath: string | null): Promise<Clone | null> {
  try {
    const { path, bytes } = await findManifest(snapshot, manifestPath);
    return parseManifest(bytes, path).manifest?.clone ?? null;
  } catch (error) {
    if (isAichorError(error)) return null;
    throw error;
  }
}

async function fetchInto(by: CommitReading, wanted: WantedCommit, clone: Clone): Promise<ImportedCommit> {
  const directory = await mkdtemp(join(by.folders.data, 'clone-'));
  try {
    const { repository, commit_sha: ref, branch, signal } = wanted;
    const commit = await by.commits.fetch({ repository, ref, branch, clone, directory, signal });
    const digest = await by.snapshots.importDirectory(directory);
    const snapshot = await by.snapshots.open(digest);
    if (snapshot === null) throw new Error(`the snapshot ${digest} was imported but cannot be opened`);
    return { commit, snapshot };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
