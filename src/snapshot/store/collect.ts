import { rm } from 'node:fs/promises';
import type { Blobs } from './contents/blobs.ts';
import { createHashTable, hashBytes, type HashTable } from './contents/hash-table.ts';
import type { Span } from './contents/packs.ts';
import type { Listings } from './listings/listings.ts';
import { DamagedListing, openListing } from './listings/stored-listing.ts';

/** What a client was told a moment ago must still hold when it comes back with it. */
const GRACE_MS = 3_600_000;

/** A pack is written anew when less than this part of it is used. */
const WORTH_KEEPING = 0.5;

interface CollectOptions {
  listings: Listings;
  blobs: Blobs;
  /** Digests that experiments refer to. */
  keep: ReadonlySet<string>;
  /** Listings that are announced: their contents come, or came already. */
  announced: readonly string[];
  /** Contents that listings have asked for which are being taken; more may come while it runs. */
  asked: readonly HashTable[];
  now: number;
}

/**
 * Removes listings that no experiment refers to, contents that no listing refers to, and what broken uploads
 * left; all of it only when it is older than an hour.
 */
export async function collectGarbage(options: CollectOptions): Promise<void> {
  const { blobs, asked, now } = options;
  const used = await collectListings(options);
  const isUsed = (sha256: string) => {
    const hash = hashBytes(sha256);
    return used.find(hash) >= 0 || asked.some((table) => table.find(hash) >= 0);
  };
  for (const { path, sha256, changedAt } of blobs.large.list()) {
    if (now - changedAt >= GRACE_MS && !(sha256 !== null && isUsed(sha256))) await rm(path, { force: true });
  }
  for (const { pack, changedAt, contents, bytes } of blobs.packs.list()) {
    if (now - changedAt < GRACE_MS) continue;
    // A content that a later upload brought again is read from there, and not among these.
    const live = contents.filter(({ sha256 }) => isUsed(sha256));
    if (bytesOf(live) > 0 && bytesOf(live) >= WORTH_KEEPING * bytes) continue;
    // Until nothing more of it was asked for while the rest was moved.
    const left = new Set(contents);
    for (let more = live; more.length > 0; more = [...left].filter(({ sha256 }) => isUsed(sha256))) {
      for (const content of more) left.delete(content);
      await moveContents(more, blobs);
    }
    await blobs.packs.remove(pack);
  }
}

/** Removes listings; returns the contents that the others name. */
async function collectListings({ listings, keep, announced, now }: CollectOptions): Promise<HashTable> {
  const used = createHashTable(0);
  /** False for a listing that is damaged: it names nothing. */
  const noted = (listing: ReturnType<typeof openListing>): boolean => {
    try {
      for (const entry of listing?.entries() ?? [])
        if (entry.kind === 'file') used.add(hashBytes(entry.sha256));
      return true;
    } catch (error) {
      if (error instanceof DamagedListing) return false;
      throw error;
    }
  };
  // First of all: where they lie when they are complete is not where they lie now.
  for (const path of announced) noted(openListing(path));
  for (const { digest, changedAt } of await listings.all()) {
    const isOld = now - changedAt >= GRACE_MS && !keep.has(digest);
    // Somebody may have been told meanwhile that it is here.
    if (isOld && listings.removeOlder(digest, now - GRACE_MS)) continue;
    if (!noted(await listings.open(digest))) await listings.remove(digest);
  }
  return used;
}

interface Stored {
  sha256: string;
  span: Span;
}

function bytesOf(contents: readonly Stored[]): number {
  return contents.reduce((sum, { span }) => sum + span.bytes, 0);
}

/** One that is damaged is left behind. */
async function moveContents(contents: readonly Stored[], blobs: Blobs): Promise<void> {
  const batch = blobs.begin();
  const reader = blobs.packs.reader();
  try {
    for (const { sha256, span } of contents) {
      const content = reader.read(sha256, span);
      if (content !== null) batch.keep(content, hashBytes(sha256));
    }
  } finally {
    reader.close();
    await batch.commit();
  }
}
