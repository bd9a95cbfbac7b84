import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { SnapshotReader } from '../../engines/engine.ts';
import { isAichorError } from '../../errors.ts';
import type { Clone } from '../../manifest/manifest.ts';
import { parseManifest } from '../../manifest/parse.ts';
import type { ControlPlane } from '../control-plane.ts';
import type { FetchedCommit } from '../ports.ts';
import { findManifest } from './prepare.ts';

interface WantedCommit {
  repository: string;
  /** A SHA (short or long), a branch or a tag. */
  commit_sha: string;
  branch: string | null;
  manifestPath: string | null;
  signal: AbortSignal;
}

export interface ImportedCommit {
  commit: FetchedCommit;
  snapshot: SnapshotReader;
}

/** Just the files of the commit: enough to find the manifest, which says whether there must be more. */
const PLAIN: Clone = { depth: 1, submodules: 'false', includeDotGit: false };

/** Fetches a commit as its manifest's `clone` wants it, as a snapshot. Throws `not_found` with Git's reason. */
export async function importCommit(plane: ControlPlane, wanted: WantedCommit): Promise<ImportedCommit> {
  const plain = await fetchInto(plane, wanted, PLAIN);
  const clone = await cloneWish(plain.snapshot, wanted.manifestPath);
  if (clone === null || (!clone.includeDotGit && clone.submodules === 'false')) return plain;
  return fetchInto(
    plane,
    { ...wanted, commit_sha: plain.commit.commit_sha, branch: plain.commit.branch },
    clone,
  );
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

async function fetchInto(plane: ControlPlane, wanted: WantedCommit, clone: Clone): Promise<ImportedCommit> {
  const directory = await mkdtemp(join(plane.folders.data, 'clone-'));
  try {
    const { repository, commit_sha: ref, branch, signal } = wanted;
    const commit = await plane.commits.fetch({ repository, ref, branch, clone, directory, signal });
    const digest = await plane.snapshots.importDirectory(directory);
    const snapshot = await plane.snapshots.open(digest);
    if (snapshot === null) throw new Error(`the snapshot ${digest} was imported but cannot be opened`);
    return { commit, snapshot };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
