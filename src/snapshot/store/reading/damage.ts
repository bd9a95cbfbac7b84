import { AichorError } from '../../../errors.ts';
import type { Blobs } from '../contents/blobs.ts';
import type { Listings } from '../listings/listings.ts';
import type { StoredListing } from '../listings/stored-listing.ts';

/** What snapshots are read from. */
export interface Source {
  blobs: Blobs;
  listings: Listings;
}

/**
 * A content that is damaged, or not there although its listing is: it counts as missing from now on, and so does every
 * snapshot that names it, until somebody sends it again.
 *
 * @returns the error to throw
 */
export async function reportDamage(
  { path, sha256 }: { path: string; sha256: string },
  { blobs, listings }: Source,
): Promise<AichorError> {
  const gone = new Set(await blobs.forget(sha256));
  for (const digest of await listings.naming(gone)) await listings.remove(digest);
  return damagedError(`the stored content of ${JSON.stringify(path)} is damaged`);
}

/** Throws when the listing's text is not the one that its digest names; it counts as missing then. */
export async function assertSound(
  digest: string,
  listing: StoredListing,
  { listings }: Pick<Source, 'listings'>,
): Promise<void> {
  if (await listing.isSound(digest)) return;
  await listings.remove(digest);
  throw damagedError(`the stored listing of ${digest} is damaged`);
}

function damagedError(what: string): AichorError {
  return new AichorError('server_error', `${what}; it was removed`, {
    hint: 'submit the directory again: what is missing is sent again',
  });
}
