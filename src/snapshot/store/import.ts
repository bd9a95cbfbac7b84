import { hashFiles } from '../packaging/reading/hash-files.ts';
import { assertLinksStay } from '../packaging/leaving-links.ts';
import { packFiles } from '../packaging/sending/pack.ts';
import { EVERYTHING } from '../packaging/selection/selection.ts';
import { walk } from '../packaging/reading/walk.ts';
import { sortedListing, type Listing } from '../listing/listing.ts';
import type { Announced } from './announced.ts';

interface Store {
  announce(listing: Listing): Promise<Announced>;
  receive(digest: string, stream: AsyncIterable<Buffer>, kind: 'contents'): Promise<Announced>;
}

/**
 * Sends a directory to the store the way a client does, with nothing left out. Throws AichorError
 * `repository_invalid` for links that leave it.
 */
export async function importDirectory(directory: string, store: Store): Promise<string> {
  const { files, links, folders } = await walk(directory, EVERYTHING);
  assertLinksStay(links);
  const { entries } = await hashFiles(directory, files, {});
  const listing = sortedListing([...entries.map(({ entry }) => entry), ...links, ...folders]);
  const { digest, missing } = await store.announce(listing);
  if (missing.length > 0) await store.receive(digest, packFiles(directory, listing, missing), 'contents');
  return digest;
}
