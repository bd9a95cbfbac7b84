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
  /** Those at these paths, and maybe others. */
  const named = (paths: ReadonlyMap<string, unknown>): Iterable<StoredEntry> =>
    paths.size > FEW ? entries() : [...paths.keys()].flatMap((path) => listing.find(path).entry ?? []);
  const linkAt = (path: string) => {
    if (listing.summary.links === 0) return undefined;
    links ??= linksOf(listing);
    return links.get(path);
  };
  return {
    digest,
    bytes: listing.summary.bytes,
    async layOut(directory, { places, signal } = {}) {
      if (places?.size !== 0) await assertSound(digest, listing, source);
      const taken =
        places === undefined ? listing.entries() : placed(named(places), (path) => places.get(path) ?? []);
      await layOutSnapshot(taken, directory, { ...source, signal });
    },
    pack: ({ places, last }) => packSnapshot(placed(listing.entries(), places), last, source.blobs),
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

/** As few as these are looked for one by one: reading all of a long listing takes longer. */
const FEW = 40;

/** The same contents at other paths, in order. */
function placed(entries: Iterable<StoredEntry>, places: (path: string) => readonly string[]): StoredEntry[] {
  const taken: StoredEntry[] = [];
  let last = '';
  let isInOrder = true;
  for (const entry of entries)
    for (const path of places(entry.path)) {
      taken.push({ ...entry, path });
      isInOrder &&= last < path;
      last = path;
    }
  return isInOrder ? taken : taken.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
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
