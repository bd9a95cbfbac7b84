import { createListingCheck, refused } from '../../listing/check.ts';
import { isInnerPath, type FileEntry, type ListingEntry } from '../../listing/listing.ts';
import type { StoredEntry, WireChange } from '../../listing/lines.ts';
import { createTurns } from '../../../base/async/turns.ts';
import { AichorError } from '../../../errors.ts';
import { LARGE_BYTES, type Blobs } from '../contents/blobs.ts';
import { createHashTable, type HashTable } from '../contents/hash-table.ts';
import type { Listings } from '../listings/listings.ts';
import type { StoredListing } from '../listings/stored-listing.ts';
import type { ListingWriter } from '../listings/write-listing.ts';
import type { WireListing } from './wire.ts';

/** A listing that was taken. Nothing but what is missing is held in memory. */
export interface TakenListing {
  digest: string;
  /** Where it was written; whoever takes it over moves or removes it. */
  path: string;
  /** Content of all files together. */
  bytes: number;
  /** Contents that are not here, with their bytes. */
  missing: HashTable;
  /** Which lines of what was sent named them first: from and to (inclusive), counted from 0. */
  missingLines: [number, number][];
}

interface Announcing {
  listings: Listings;
  blobs: Blobs;
  /** Takes the contents that are here and must stay: no collection may remove them. */
  asked: HashTable;
  /** Throws when the files together have more bytes than are taken. */
  assertSize(bytes: number): void;
}

/**
 * Checks a listing as it comes, writes it down and finds out which contents are missing. Throws AichorError: `usage`
 * for one that is not sound, `not_found` when the listing that it is based on is not here, and what `assertSize` throws.
 */
export async function takeListing(wire: WireListing, announcing: Announcing): Promise<TakenListing> {
  const base = wire.base === null ? null : await baseOf(wire.base, announcing.listings);
  const writer = announcing.listings.begin();
  try {
    const seen = createSeen(announcing);
    if (base === null) await takeWhole(wire.changes, writer, seen);
    else await takeDifference(await gathered(wire.changes), { base, writer, seen });
    const { digest, summary } = writer.finish();
    announcing.assertSize(summary.bytes);
    const { missing, missingLines } = seen;
    return { digest, path: writer.path, bytes: summary.bytes, missing, missingLines };
  } catch (error) {
    writer.discard();
    throw error;
  }
}

async function baseOf(digest: string, listings: Listings): Promise<StoredListing> {
  const base = (await listings.touch(digest)) ? await listings.open(digest) : null;
  if (base !== null) return base;
  throw new AichorError('not_found', `the snapshot ${digest}, on which the listing is based, is not here`, {
    hint: 'send the listing as a whole',
  });
}

/** Notes what is missing of the files that come by. */
interface Seen {
  missing: HashTable;
  missingLines: [number, number][];
  add(file: FileEntry, line: number): void;
  assertSize(bytes: number): void;
  /** Bytes of a stored content, or null. */
  sizeOf(sha256: string): number | null;
}

function createSeen({ blobs, asked, assertSize }: Announcing): Seen {
  const missing = createHashTable(1);
  const missingLines: [number, number][] = [];
  const hash = Buffer.alloc(32);
  return {
    missing,
    missingLines,
    assertSize,
    sizeOf: (sha256) => blobs.sizeOf(sha256),
    add({ path, sha256, bytes }, line) {
      hash.write(sha256, 'hex');
      let size = blobs.packs.sizeOf(hash);
      if (size < 0 && bytes >= LARGE_BYTES) size = blobs.large.sizeOf(sha256) ?? -1;
      if (size >= 0) asked.add(hash);
      const known = size >= 0 ? -1 : missing.find(hash);
      if (known >= 0) size = missing.get(known, 0);
      if (size >= 0 && size !== bytes) throw wrongSize(path, bytes, size);
      if (size >= 0) return;
      missing.set(missing.add(hash), 0, bytes);
      const last = missingLines.at(-1);
      if (last?.[1] === line - 1) last[1] = line;
      else missingLines.push([line, line]);
    },
  };
}

async function takeWhole(
  batches: AsyncIterable<WireChange[]>,
  writer: ListingWriter,
  seen: Seen,
): Promise<void> {
  const check = createListingCheck();
  const turns = createTurns();
  let bytes = 0;
  let line = 0;
  for await (const batch of batches) {
    for (const { entry } of batch) {
      if (entry !== null) {
        check.add(entry);
        writer.add(entry);
        if (entry.kind === 'file') seen.add(entry, line);
        bytes += entry.kind === 'file' ? entry.bytes : 0;
      }
      line++;
      if (turns.isDue()) await turns.take();
    }
    seen.assertSize(bytes);
  }
  check.end();
}

/** A difference is small, else it would have come as a whole. */
async function gathered(batches: AsyncIterable<WireChange[]>): Promise<WireChange[]> {
  const changes: WireChange[] = [];
  for await (const batch of batches) {
    changes.push(...batch);
    if (changes.length > MOST_CHANGES) throw refused(batch[0]?.path ?? '', 'is one change too many');
  }
  for (const [at, { path }] of changes.entries()) {
    if (!isInnerPath(path)) throw refused(path, 'is not a relative path inside the repository');
    if (at > 0 && path <= (changes[at - 1]?.path ?? ''))
      throw refused(path, 'is not in order, or there twice');
  }
  return changes;
}

/** Most entries of a difference. */
export const MOST_CHANGES = 10_000;

interface Difference {
  base: StoredListing;
  writer: ListingWriter;
  seen: Seen;
}

/** Files whose content changed change nothing about the tree: the rest of its listing is taken over unread. */
async function takeDifference(changes: readonly WireChange[], to: Difference): Promise<void> {
  const places = changes.map((change) => ({ ...change, known: to.base.find(change.path) }));
  const isSameTree = places.every(
    ({ entry, known }) => entry?.kind === 'file' && known.entry?.kind === 'file',
  );
  if (!isSameTree) return takeMerged(changes, to);
  const { base, writer, seen } = to;
  const before = base.summary;
  let bytes = before.bytes;
  let at = 0;
  for (const [line, { entry, known }] of places.entries()) {
    if (entry?.kind !== 'file' || known.entry?.kind !== 'file') continue;
    writer.copy(base, at, known.at);
    writer.add(entry);
    seen.add(entry, line);
    bytes -= storedSize(known.entry, seen);
    at = known.end;
  }
  writer.copy(base, at, before.text);
  const { entries, links, folders } = before;
  writer.sum({ entries: entries - places.length, bytes, links, folders });
}

/** What is added, removed or becomes something else: the whole new tree is checked. */
async function takeMerged(changes: readonly WireChange[], { base, writer, seen }: Difference): Promise<void> {
  const check = createListingCheck();
  const turns = createTurns();
  const add = (entry: ListingEntry) => {
    check.add(entry);
    writer.add(entry);
  };
  let next = 0;
  const addChangesBefore = (path: string | null) => {
    for (
      let change = changes[next];
      change && (path === null || change.path <= path);
      change = changes[++next]
    ) {
      if (change.entry === null) continue;
      add(change.entry);
      if (change.entry.kind === 'file') seen.add(change.entry, next);
    }
  };
  for (const entry of base.entries()) {
    addChangesBefore(entry.path);
    if (changes[next - 1]?.path !== entry.path)
      add(entry.kind === 'file' ? { ...entry, bytes: storedSize(entry, seen) } : entry);
    if (turns.isDue()) await turns.take();
  }
  addChangesBefore(null);
  check.end();
}

function storedSize(entry: StoredEntry & { kind: 'file' }, { sizeOf }: Seen): number {
  const size = sizeOf(entry.sha256);
  if (size !== null) return size;
  throw new AichorError('not_found', `a content of the snapshot on which the listing is based is not here`, {
    hint: 'send the listing as a whole',
  });
}

function wrongSize(path: string, bytes: number, size: number): AichorError {
  const what = `${JSON.stringify(path)} is said to have ${bytes} bytes, its content has ${size}`;
  return new AichorError('usage', `the snapshot was refused: ${what}`, { hint: 'run the command again' });
}

/** The hashes of a table, as hex digits. */
export function hexOf(table: HashTable): string[] {
  return Array.from({ length: table.size }, (_, place) => table.hash(place).toString('hex'));
}
