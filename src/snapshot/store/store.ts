import { mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { SnapshotReader } from '../../engines/engine.ts';
import { AichorError } from '../../errors.ts';
import type { Listing } from '../listing/listing.ts';
import { EVERYTHING } from '../packaging/selection/selection.ts';
import { walk } from '../packaging/reading/walk.ts';
import type { Announced, AnnouncedLines } from './announced.ts';
import { collectGarbage } from './collect.ts';
import { openBlobs, type Blobs } from './contents/blobs.ts';
import { createHashTable, type HashTable } from './contents/hash-table.ts';
import { diskError } from './disk-error.ts';
import { examineStore, type StoreExamination } from './examine.ts';
import { importDirectory } from './import.ts';
import { createListings, type Listings } from './listings/listings.ts';
import { openListing } from './listings/stored-listing.ts';
import { snapshotReader } from './reading/reader.ts';
import { hexOf, takeListing, type TakenListing } from './receiving/announce.ts';
import { receiveContents, type UploadKind } from './receiving/receive.ts';
import { readWireListing, wholeListing, type WireListing } from './receiving/wire.ts';

/** Submitted directories, each content kept once. One store per data folder, in one process. */
export interface SnapshotStore {
  /**
   * Takes a listing and says what is missing. `assertSize` is told the bytes of its files as they are known and may throw.
   * Throws AichorError `usage` for a listing that is not sound.
   */
  announce(listing: Listing, assertSize?: (bytes: number) => void): Promise<Announced>;
  /** The same for lines as `wire.ts` reads them; `not_found` when what they are based on is not here. */
  announceLines(
    body: AsyncIterable<Uint8Array>,
    assertSize: (bytes: number) => void,
  ): Promise<AnnouncedLines>;
  /**
   * Takes missing contents of an announced snapshot. Throws AichorError `not_found` for one that was not announced to
   * this process, `usage` for an upload that does not match, `server_error` for the disk.
   */
  receive(digest: string, stream: AsyncIterable<Buffer>, kind?: UploadKind): Promise<Announced>;
  /** Null unless complete. */
  open(digest: string): Promise<SnapshotReader | null>;
  /** Whether it is complete; it then stays for an hour at least. */
  has(digest: string): Promise<boolean>;
  /** Stores all files and links of a directory; returns the digest. */
  importDirectory(directory: string): Promise<string>;
  bytesOnDisk(): Promise<number>;
  /** Removes what is older than an hour and belongs to none of these digests. One at a time: a second call does nothing. */
  collect(keep: ReadonlySet<string>): Promise<void>;
  /** Reads all of it; what is damaged counts as missing from then on. */
  examine(): Promise<StoreExamination>;
  /** Indexes of packs that were damaged when the store was opened: what they held counts as missing. */
  damaged: readonly string[];
}

interface State {
  blobs: Blobs;
  listings: Listings;
  /** By digest, in the order in which they were announced. */
  announced: Map<string, TakenListing>;
  /** Contents asked for while a collection runs; null while none does. */
  wanted: HashTable | null;
}

/** So many snapshots may be announced and not complete; who announced one before that announces again. */
const MOST_ANNOUNCED = 64;

/** Keeps snapshots in `blobs/` and `snapshots/` below the data folder. All files 0600, all folders 0700. */
export function createSnapshotStore(dataFolder: string, now: () => number = Date.now): SnapshotStore {
  const state: State = {
    blobs: openBlobs(join(dataFolder, 'blobs')),
    listings: createListings(join(dataFolder, 'snapshots'), now),
    announced: new Map(),
    wanted: null,
  };
  for (const { folder } of [state.blobs, state.listings]) mkdirSync(folder, { recursive: true, mode: 0o700 });
  const storing = <T>(work: Promise<T>): Promise<T> =>
    work.catch((error) => Promise.reject(diskError(error, dataFolder)));
  const entrance = {
    announce: (listing: Listing, assertSize: (bytes: number) => void = anySize) =>
      storing(announceEntries(state, listing, assertSize)),
    receive: (digest: string, stream: AsyncIterable<Buffer>, kind: UploadKind = 'tar') =>
      storing(receive(state, digest, { stream, kind })),
  };
  return {
    ...entrance,
    damaged: state.blobs.packs.damaged(),
    examine: () => examineStore(state),
    async announceLines(body, assertSize) {
      const wire = await readWireListing(body);
      const { digest, missingLines } = await storing(announce(state, wire, assertSize));
      return { digest, missing_lines: missingLines };
    },
    async open(digest) {
      const listing = await state.listings.open(digest);
      return listing && snapshotReader(digest, listing, state);
    },
    has: (digest) => state.listings.touch(digest),
    importDirectory: (directory) => importDirectory(directory, entrance),
    async bytesOnDisk() {
      const trees = await Promise.all([
        walk(state.blobs.folder, EVERYTHING),
        walk(state.listings.folder, EVERYTHING),
      ]);
      return trees.flatMap((tree) => tree.files).reduce((sum, file) => sum + file.bytes, 0);
    },
    async collect(keep) {
      if (state.wanted) return;
      const wanted = (state.wanted = createHashTable(0));
      try {
        const announced = [...state.announced.values()].map(({ path }) => path);
        await collectGarbage({ ...state, keep, announced, wanted, now: now() });
      } finally {
        state.wanted = null;
      }
    },
  };
}

function anySize(): void {
  // Whoever is in the same process knows what it sends.
}

async function announceEntries(
  state: State,
  { entries }: Listing,
  assertSize: (bytes: number) => void,
): Promise<Announced> {
  const wire = wholeListing(entries.map((entry) => ({ path: entry.path, entry })));
  const { digest, missing } = await announce(state, wire, assertSize);
  return { digest, missing: hexOf(missing) };
}

async function announce(
  state: State,
  wire: WireListing,
  assertSize: (bytes: number) => void,
): Promise<Pick<TakenListing, 'digest' | 'missing' | 'missingLines'>> {
  const taken = await takeListing(wire, { ...state, assertSize });
  if (taken.missing.size > 0) await keepAnnounced(state, taken);
  else if (await state.listings.touch(taken.digest)) await rm(taken.path, { force: true });
  else await state.listings.complete(taken.digest, taken.path);
  return taken;
}

/** Somebody else may have announced the same; what is missing now counts. */
async function keepAnnounced({ announced }: State, taken: TakenListing): Promise<void> {
  const before = announced.get(taken.digest);
  announced.delete(taken.digest);
  announced.set(taken.digest, taken);
  const [oldest] = announced.keys();
  const dropped = announced.size > MOST_ANNOUNCED && oldest !== undefined ? announced.get(oldest) : undefined;
  if (dropped) announced.delete(dropped.digest);
  for (const old of [before, dropped]) if (old) await rm(old.path, { force: true });
}

async function receive(
  state: State,
  digest: string,
  { stream, kind }: { stream: AsyncIterable<Buffer>; kind: UploadKind },
): Promise<Announced> {
  const taken = state.announced.get(digest);
  const listing = taken && openListing(taken.path);
  if (!taken || !listing) {
    if (await state.listings.touch(digest)) return { digest, missing: [] };
    throw new AichorError('not_found', `no snapshot ${digest} was announced`, {
      hint: 'send its listing first, or run the command again',
    });
  }
  const { sizeOf } = state.blobs;
  await receiveContents({ listing, missing: taken.missing, kind, sizeOf }, stream, state.blobs.begin());
  const missing = hexOf(taken.missing).filter((sha256) => state.blobs.sizeOf(sha256) === null);
  if (missing.length > 0) return { digest, missing };
  // It may have been announced anew meanwhile, or another upload of the same was quicker.
  const latest = state.announced.get(digest);
  state.announced.delete(digest);
  if (latest) await state.listings.complete(digest, latest.path);
  return { digest, missing };
}
