import { createTurns } from '../../../base/async/turns.ts';
import type { BlobBatch } from '../contents/blobs.ts';
import { hashBytes, type HashTable } from '../contents/hash-table.ts';
import type { StoredListing } from '../listings/stored-listing.ts';
import { openArchive, refusedArchive, type ExpectedEntry } from './archive.ts';
import { openContents } from './contents.ts';

/** What a header and its padding may take beside a content, extended headers included. */
const OVERHEAD = 4096;

/** How contents come: as they are (`frame.ts`), or in a tar archive, each called by a path of the listing or by its hash. */
export type UploadKind = 'contents' | 'tar';

interface Receiving {
  listing: StoredListing;
  /** Contents that are missing, with the bytes of each. */
  missing: HashTable;
  kind: UploadKind;
  /** Bytes of a stored content, or null. */
  sizeOf(sha256: string): number | null;
}

/**
 * Reads contents into a batch of blobs. Nothing is ever written by a name of an archive: each content must be one
 * that is missing, of the very size and hash that the listing says, and may come once; anything else is AichorError
 * `usage`. What was verified before an error is kept all the same, so that a repeated upload need not send it again.
 */
export async function receiveContents(
  receiving: Receiving,
  stream: AsyncIterable<Buffer>,
  batch: BlobBatch,
): Promise<void> {
  const { listing, missing, kind } = receiving;
  const archive =
    kind === 'contents' ? openContents(missing, batch) : openArchive(expectedEntries(receiving), batch);
  const turns = createTurns();
  let left = longestUpload(listing);
  try {
    for await (const chunk of stream) {
      left -= chunk.length;
      if (left < 0) throw refusedArchive('it is longer than all that the listing names');
      archive.write(chunk);
      if (turns.isDue()) await turns.take();
    }
    archive.end();
  } finally {
    await batch.commit();
  }
}

/** By what an archive's entry may be called; it may bring what is here already. */
function expectedEntries({ listing, missing, sizeOf }: Receiving): Map<string, ExpectedEntry> {
  const expected = new Map<string, ExpectedEntry>();
  const byPath = new Map<string, ExpectedEntry>();
  for (const entry of listing.entries()) {
    if (entry.kind !== 'file') continue;
    const place = missing.find(hashBytes(entry.sha256));
    const bytes = place < 0 ? sizeOf(entry.sha256) : missing.get(place, 0);
    if (bytes === null) continue;
    const known = expected.get(entry.sha256) ?? { sha256: entry.sha256, bytes };
    expected.set(entry.sha256, known);
    byPath.set(entry.path, known);
  }
  for (const [path, file] of byPath) expected.set(path, file);
  return expected;
}

function longestUpload({ summary }: StoredListing): number {
  return (1 << 20) + summary.bytes + summary.entries * OVERHEAD;
}
