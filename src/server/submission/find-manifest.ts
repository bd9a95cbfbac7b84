import type { SnapshotReader } from '../../engines/engine.ts';
import type { Notice } from '../../experiment/record.ts';
import type { RepositoryContents } from '../../repository/git-contents.ts';
import { locateManifest } from '../../repository/locate.ts';
import type { RepositoryPaths } from '../../repository/paths.ts';

/** The manifest as it lies in a snapshot. */
export interface FoundManifest {
  path: string;
  bytes: Uint8Array;
  notices: Notice[];
}

/** Throws `manifest_invalid` or `repository_invalid` when there is none. */
export async function findManifest(
  snapshot: SnapshotReader,
  requested: string | null,
): Promise<FoundManifest> {
  const { path, notices } = locateManifest(pathsOf(snapshot), requested);
  const bytes = await snapshot.read(path);
  if (bytes === null) throw new Error(`the snapshot ${snapshot.digest} lists ${path} but does not hold it`);
  return { path, bytes, notices };
}

/** As it is kept with the experiment and printed by `experiments get --manifest`. */
export function manifestText({ bytes }: FoundManifest): string {
  return Buffer.from(bytes).toString('utf8');
}

/** What a snapshot holds, as questions about a repository are asked. */
export function pathsOf(snapshot: SnapshotReader): RepositoryPaths {
  return {
    has: (path) => snapshot.has(path),
    hasFolder: (path) => snapshot.hasFolder(path),
    // Only what was not found is looked for among all.
    list: () => snapshot.paths(),
  };
}

/** The same with what is in the files. */
export function contentsOf(snapshot: SnapshotReader): RepositoryContents {
  return {
    ...pathsOf(snapshot),
    hasFolder: (path) => snapshot.hasFolder(path),
    *files() {
      for (const entry of snapshot.entries())
        if (entry.kind === 'file') yield { path: entry.path, bytes: snapshot.sizeOf(entry.sha256) ?? 0 };
    },
    read: (path) => snapshot.read(path),
  };
}
