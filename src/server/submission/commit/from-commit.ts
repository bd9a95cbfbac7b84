import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Submission } from '../../../api/contract.ts';
import type { Access } from '../../../source/access.ts';
import { commitUrl } from '../../../source/git.ts';
import type { SnapshotReader } from '../../../engines/engine.ts';
import { isAichorError } from '../../../errors.ts';
import type { Clone } from '../../../manifest/manifest.ts';
import { parseManifest } from '../../../manifest/parse.ts';
import type { CommitFiles, CommitSource, FetchedCommit, SnapshotStore } from '../../ports.ts';
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
  access: Access | null;
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
    source: { kind: 'commit', snapshot: snapshot.digest, repository, commit_sha, branch, ...told(commit) },
    files: { digest: snapshot.digest, open: async () => snapshot },
    vcs,
  };
}

/** What people want to know of a commit, from the facts that pods are told. */
function told({ repository, commit_sha, vcs }: FetchedCommit) {
  const { VCS_AUTHOR_NAME: name, VCS_AUTHOR_EMAIL: email, VCS_COMMIT_MESSAGE: message } = vcs;
  return {
    author: name === undefined ? null : `${name}${email ? ` <${email}>` : ''}`,
    commit_message: message ?? null,
    url: commitUrl(repository, commit_sha),
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
    const { repository, commit_sha: ref, branch, access, signal } = wanted;
    const request = { repository, ref, branch, access, clone, directory, signal };
    return await by.commits.fetch(request, async (commit, files) => {
      const digest = await stored(by.snapshots, files);
      const snapshot = await by.snapshots.open(digest);
      if (snapshot === null) throw new Error(`the snapshot ${digest} was imported but cannot be opened`);
      return { commit, snapshot };
    });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Only what the store lacks is read. */
async function stored(snapshots: SnapshotStore, files: CommitFiles): Promise<string> {
  if (files.kind === 'directory') return snapshots.importDirectory(files.directory);
  const { digest, missing } = await snapshots.announce(files.listing);
  if (missing.length > 0) await snapshots.receive(digest, files.contents(missing), 'contents');
  return digest;
}
