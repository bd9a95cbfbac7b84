import { readFile } from 'node:fs/promises';
import type { SnapshotReader } from '../../../engines/engine.ts';
import { resolvePath } from '../../listing/links.ts';
import { sortedListing, type Listing } from '../../listing/listing.ts';
import type { Blobs } from '../contents/blobs.ts';
import { layOutSnapshot } from './lay-out.ts';
import { packSnapshot } from './pack-snapshot.ts';

/** A complete snapshot for those who use it. */
export function snapshotReader(digest: string, listing: Listing, blobs: Blobs): SnapshotReader {
  const entries = new Map(listing.entries.map((entry) => [entry.path, entry]));
  const linkAt = (path: string) => {
    const entry = entries.get(path);
    return entry?.kind === 'link' ? entry : undefined;
  };
  return {
    digest,
    bytes: listing.entries.reduce((sum, entry) => sum + (entry.kind === 'file' ? entry.bytes : 0), 0),
    layOut: (directory, { places, signal } = {}) =>
      layOutSnapshot(places === undefined ? listing : placed(listing, places), directory, { blobs, signal }),
    pack: ({ places, last }) => packSnapshot(placed(listing, places), last, blobs),
    async read(path) {
      const resolved = resolvePath(path, linkAt);
      const entry = typeof resolved === 'string' ? undefined : entries.get(resolved.path);
      return entry?.kind === 'file' ? readContent(entry.sha256, blobs) : null;
    },
    paths: () => listing.entries.filter((entry) => entry.kind !== 'folder').map((entry) => entry.path),
    entries: () => listing.entries,
  };
}

/** The same contents at other paths. */
function placed({ entries }: Listing, places: (path: string) => readonly string[]): Listing {
  return sortedListing(entries.flatMap((entry) => places(entry.path).map((path) => ({ ...entry, path }))));
}

async function readContent(sha256: string, { packs, large }: Blobs): Promise<Buffer> {
  const span = packs.find(sha256);
  if (!span) return readFile(large.path(sha256));
  const reader = packs.reader();
  try {
    return reader.read(span);
  } finally {
    reader.close();
  }
}
