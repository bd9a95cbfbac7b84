import { formatBytes } from '../../base/text/bytes.ts';
import { AichorError } from '../../errors.ts';
import type { Listing } from '../../snapshot/listing/listing.ts';
import type { SnapshotStore } from '../ports.ts';

/** What taking snapshots needs. */
export interface SnapshotTaking {
  snapshots: SnapshotStore;
  /** Largest sum of a snapshot's file sizes that is taken, in bytes. */
  snapshotLimit: number;
}

/** Takes a listing; says which contents are missing. Throws `too_large` before anything is sent. */
export function announceSnapshot({ snapshots, snapshotLimit }: SnapshotTaking, listing: Listing) {
  return snapshots.announce(listing, (bytes) => assertSize(bytes, snapshotLimit));
}

/** The same for a listing as lines of JSON, of any length. */
export function announceLines(
  { snapshots, snapshotLimit }: SnapshotTaking,
  lines: AsyncIterable<Uint8Array>,
) {
  return snapshots.announceLines(lines, (bytes) => assertSize(bytes, snapshotLimit));
}

function assertSize(bytes: number, snapshotLimit: number): void {
  if (bytes > snapshotLimit) {
    throw new AichorError(
      'too_large',
      `the directory holds ${formatBytes(bytes)}; the control plane takes ${formatBytes(snapshotLimit)}`,
      {
        hint: 'leave data and results out with .aichorignore, and read them from AICHOR_INPUT_PATH; max_snapshot_gb in settings.json of the server sets the limit',
      },
    );
  }
}

/** Throws `not_found` unless every file of it is here; it then stays for an hour at least. */
export async function findSnapshot(
  { snapshots }: Pick<SnapshotTaking, 'snapshots'>,
  digest: string,
): Promise<{ digest: string; missing: string[] }> {
  if (await snapshots.has(digest)) return { digest, missing: [] };
  throw new AichorError('not_found', `the snapshot ${digest} is not here`, {
    hint: 'announce it, and send its files',
  });
}
