import { rm } from 'node:fs/promises';
import type { Blobs } from './contents/blobs.ts';
import type { Listings } from './listings.ts';
import type { Span } from './contents/packs.ts';

/** What a client was told a moment ago must still hold when it comes back with it. */
const GRACE_MS = 3_600_000;

/** A pack is written anew when less than this part of it is used. */
const WORTH_KEEPING = 0.5;

interface CollectOptions {
  listings: Listings;
  blobs: Blobs;
  /** Digests that experiments refer to. */
  keep: ReadonlySet<string>;
  /** Whether a content was asked for since the collection began. */
  isWanted(sha256: string): boolean;
  now: number;
}

/**
 * Removes listings that no experiment refers to, contents that no listing refers to, and what broken uploads
 * left; all of it only when it is older than an hour.
 */
export async function collectGarbage(options: CollectOptions): Promise<void> {
  const { blobs, isWanted, now } = options;
  const used = await collectListings(options);
  const isUsed = (sha256: string) => used.has(sha256) || isWanted(sha256);
  for (const { path, sha256, changedAt } of blobs.large.list()) {
    if (now - changedAt >= GRACE_MS && !(sha256 !== null && isUsed(sha256))) await rm(path, { force: true });
  }
  for (const { pack, changedAt, contents } of blobs.packs.list()) {
    if (now - changedAt < GRACE_MS) continue;
    // A content that a later upload brought again is read from there.
    const live = [...contents].filter(
      ([sha256, span]) => isUsed(sha256) && blobs.packs.find(sha256) === span,
    );
    if (bytesOf(live) > 0 && bytesOf(live) >= WORTH_KEEPING * bytesOf([...contents])) continue;
    await moveContents(live, blobs);
    await blobs.packs.remove(pack);
  }
}

/** Removes listings; returns the contents that the others name. */
async function collectListings({ listings, keep, now }: CollectOptions): Promise<Set<string>> {
  const used = new Set<string>();
  for (const state of ['complete', 'announced'] as const) {
    for (const { digest, changedAt } of await listings.all(state)) {
      const kept = now - changedAt < GRACE_MS || (state === 'complete' && keep.has(digest));
      if (!kept) await listings.remove(state, digest);
      const listing = kept ? await listings.read(state, digest) : null;
      for (const entry of listing?.entries ?? []) if (entry.kind === 'file') used.add(entry.sha256);
    }
  }
  return used;
}

function bytesOf(contents: readonly (readonly [string, Span])[]): number {
  return contents.reduce((sum, [, span]) => sum + span.bytes, 0);
}

async function moveContents(contents: readonly (readonly [string, Span])[], blobs: Blobs): Promise<void> {
  const batch = blobs.begin();
  const reader = blobs.packs.reader();
  try {
    for (const [sha256, span] of contents) {
      const writer = batch.write(span.bytes);
      writer.append(reader.read(span));
      if (!writer.keepIf(sha256)) throw new Error(`content ${sha256} of pack ${span.pack} is damaged`);
    }
  } finally {
    reader.close();
    await batch.commit();
  }
}
