import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ifThere } from '../../base/io/files.ts';
import type { RepositoryContents } from '../../repository/git-contents.ts';
import type { Scan } from '../../snapshot/packaging/scan.ts';

/** What would be sent of a directory, as a repository with its contents. */
export function scannedContents(root: string, { paths, listing }: Scan): RepositoryContents {
  return {
    has: (path) => paths.has(path),
    hasFolder: (path) => paths.hasFolder(path),
    list: () => paths.list(),
    *files() {
      for (const entry of listing.entries) if (entry.kind === 'file') yield entry;
    },
    read: (path) => ifThere(readFile(join(root, path))),
  };
}
