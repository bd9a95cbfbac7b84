import { readFile } from 'node:fs/promises';
import type { SnapshotReader } from '../../../engines/engine.ts';
import { resolvePath } from '../../listing/links.ts';
import type { StoredEntry } from '../../listing/lines.ts';
import type { LinkEntry } from '../../listing/listing.ts';
import type { StoredListing } from '../listings/stored-listing.ts';
import { assertSound, reportDamage, type Source } from './damage.ts';
import { layOutSnapshot } from './lay-out.ts';
import { packSnapshot } from './pack-snapshot.ts';

/** A complete snapshot for those who use it. Its listing stays on disk, and is read as often as somebody asks. */
export function snapshotReader(digest: string, listing: StoredListing, source: Source): SnapshotReader {
  let links: Map<string, LinkEntry> | null = null;
  // Several ask for them one after another; nobody needs them for long.
  let known: WeakRef<StoredEntry[]> | null = null;
  const entries = () => {
    const all = known?.deref() ?? [...listing.entries()];
    known = new WeakRef(all);
    return all;
  };
  const linkAt = (path: string) => {
    if (listing.summary.links === 0) return undefined;
    links ??= linksOf(listing);
    return links.get(path);
  };
  return {
    digest,
    bytes: listing.summary.bytes,
    async layOut(directory, { places, signal } = {}) {
      await assertSound(digest, listing, source);
      const entries = places === undefined ? listing.entries() : placed(listing, places);
      await layOutSnapshot(entries, directory, { ...source, signal });
    },
    pack: ({ places, last }) => packSnapshot(placed(listing, places), last, source.blobs),
    async read(path) {
      const resolved = resolvePath(path, linkAt);
      const entry = typeof resolved === 'string' ? null : listing.find(resolved.path).entry;
      return entry?.kind === 'file' ? readContent(entry, source) : null;
    },
    has(path) {
      const { entry } = listing.find(path);
      return entry !== null && entry.kind !== 'folder';
    },
    hasFolder(path) {
      const { entry, at } = listing.find(`${path}/`);
      const next = entry ?? listing.entries(at).next().value;
      return (
        (next ?? null)?.path.startsWith(`${path}/`) === true || listing.find(path).entry?.kind === 'folder'
      );
    },
    paths: () =>
      entries()
        .filter(({ kind }) => kind !== 'folder')
        .map(({ path }) => path),
    entries,
    sizeOf: (sha256) => source.blobs.sizeOf(sha256),
  };
}

function linksOf(listing: StoredListing): Map<string, LinkEntry> {
  const links = new Map<string, LinkEntry>();
  for (const entry of listing.entries()) if (entry.kind === 'link') links.set(entry.path, entry);
  return links;
}

/** The same contents at other paths, in order. */
function placed(listing: StoredListing, places: (path: string) => readonly string[]): StoredEntry[] {
  const entries: StoredEntry[] = [];
  for (const entry of listing.entries())
    for (const path of places(entry.path)) entries.push({ ...entry, path });
  return entries.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}

async function readContent(file: StoredEntry & { kind: 'file' }, source: Source): Promise<Buffer> {
  const { packs, large } = source.blobs;
  const span = packs.find(file.sha256);
  if (!span) {
    if (await large.isSound(file.sha256)) return readFile(large.path(file.sha256));
    throw await reportDamage(file, source);
  }
  const reader = packs.reader();
  try {
    const content = reader.read(file.sha256, span);
    if (content !== null) return content;
  } finally {
    reader.close();
  }
  throw await reportDamage(file, source);
}
