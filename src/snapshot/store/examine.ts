import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createTurns } from '../../base/async/turns.ts';
import type { Blobs } from './contents/blobs.ts';
import type { Listings } from './listings/listings.ts';
import { DamagedListing } from './listings/stored-listing.ts';

/** What a look at everything that is stored has found. */
export interface StoreExamination {
  contents: number;
  snapshots: number;
  damaged: { place: string; message: string; mended: true }[];
}

const AGAIN = 'it counts as missing, and the next submission sends it again';

/** Reads every content and every listing; what is damaged counts as missing from then on. */
export async function examineStore({
  blobs,
  listings,
}: {
  blobs: Blobs;
  listings: Listings;
}): Promise<StoreExamination> {
  const damaged: StoreExamination['damaged'] = [];
  const found = (place: string, message: string) => damaged.push({ place, message, mended: true });
  let contents = 0;
  for (const name of blobs.packs.damaged()) {
    await blobs.packs.dropIndex(name);
    found(name, `the index of a pack of contents is damaged: what it told of ${AGAIN.slice(3)}`);
  }
  for (const pack of blobs.packs.names()) {
    const { count, bad } = await blobs.packs.mend(pack);
    contents += count;
    if (bad.length > 0)
      found(
        join(blobs.folder, 'packs', `${pack}.pack`),
        `${bad.length} of ${count} contents in it are damaged: each ${AGAIN.slice(3)}`,
      );
  }
  for (const { path, sha256 } of blobs.large.list()) {
    if (sha256 === null) continue;
    contents++;
    if (await blobs.large.isSound(sha256)) continue;
    await rm(path, { force: true });
    await blobs.large.forget(sha256);
    found(path, `a large content is damaged: ${AGAIN}`);
  }
  const all = await listings.all();
  for (const { digest } of all) {
    const wrong = await wrongWith(digest, { blobs, listings });
    if (wrong === null) continue;
    await listings.remove(digest);
    found(digest, `the stored directory ${wrong}: ${AGAIN}`);
  }
  return { contents, snapshots: all.length, damaged };
}

/** Null for a listing that is sound, and all of whose contents are here. */
async function wrongWith(
  digest: string,
  { blobs, listings }: { blobs: Blobs; listings: Listings },
): Promise<string | null> {
  const listing = await listings.open(digest);
  if (listing === null || !(await listing.isSound(digest))) return 'has a damaged listing';
  const turns = createTurns();
  try {
    for (const entry of listing.entries()) {
      if (turns.isDue()) await turns.take();
      if (entry.kind === 'file' && blobs.sizeOf(entry.sha256) === null)
        return `lacks the content of ${JSON.stringify(entry.path)}`;
    }
  } catch (error) {
    if (error instanceof DamagedListing) return 'has a damaged listing';
    throw error;
  }
  return null;
}
