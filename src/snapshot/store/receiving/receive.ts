import type { FileEntry, Listing } from '../../listing/listing.ts';
import { openArchive, refusedArchive } from './archive.ts';
import type { BlobBatch } from '../contents/blobs.ts';

/** What a header and its padding may take beside an entry's content, extended headers included. */
const OVERHEAD = 4096;

/**
 * Reads a tar stream into a batch of blobs. Nothing is ever written by a name of the archive: an entry must be
 * a plain file called by a path of the listing (or by a hash in it), of the very size and content that the
 * listing says, and may come once; anything else is AichorError `usage`. What was verified before an error is
 * kept all the same, so that a repeated upload need not send it again. Returns the hashes received.
 */
export async function receiveContents(
  listing: Listing,
  tar: AsyncIterable<Buffer>,
  batch: BlobBatch,
): Promise<ReadonlySet<string>> {
  const expected = expectedEntries(listing);
  const archive = openArchive(expected, batch);
  let left = longestArchive(expected.values());
  try {
    for await (const chunk of tar) {
      left -= chunk.length;
      if (left < 0) throw refusedArchive('it is longer than all that the listing names');
      archive.write(chunk);
    }
    archive.end();
  } finally {
    await batch.commit();
  }
  return archive.received;
}

function expectedEntries({ entries }: Listing): Map<string, FileEntry> {
  const expected = new Map<string, FileEntry>();
  for (const entry of entries) if (entry.kind === 'file') expected.set(entry.sha256, entry);
  for (const entry of entries) if (entry.kind === 'file') expected.set(entry.path, entry);
  return expected;
}

function longestArchive(files: Iterable<FileEntry>): number {
  let limit = 1 << 20;
  for (const file of files) limit += file.bytes + OVERHEAD;
  return limit;
}
