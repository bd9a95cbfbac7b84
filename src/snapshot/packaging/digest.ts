import { createHash } from 'node:crypto';
import { canonicalListing } from '../listing/lines.ts';
import type { Listing } from '../listing/listing.ts';

/** `sha256:<64 hex digits>`: what a snapshot is called. */
export function snapshotDigest(listing: Listing): string {
  return `sha256:${createHash('sha256').update(canonicalListing(listing)).digest('hex')}`;
}
