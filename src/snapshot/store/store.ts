import { mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { SnapshotReader } from '../../engines/engine.ts';
import { bytesBelow } from '../../base/io/disk/bytes-below.ts';
import { AichorError } from '../../errors.ts';
import type { Listing } from '../listing/listing.ts';
import { openAccount, type Account, type Allowance } from './allowance.ts';
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
  /** Removes what is older than an hour and belongs to none of these digests. One at a time: a second call waits for the first. */
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
  /** For each listing that is being taken, and not yet among the announced or complete: its contents that are here. */
  asking: Set<HashTable>;
  collecting: Collecting | null;
  account: Account;
}

/** A collection that runs. */
interface Collecting {
  done: Promise<void>;
  /** What listings asked for that were being taken when it began, or since: it counts as used. */
  asked: HashTable[];
}

/** So many snapshots may be announced and not complete; who announced one before that announces again. */
const MOST_ANNOUNCED = 64;

/** Keeps snapshots in `blobs/` and `snapshots/` below the data folder. All files 0600, all folders 0700. */
export function createSnapshotStore(
  dataFolder: string,
  { now = Date.now, allowance = null }: { now?: () => number; allowance?: Allowance | null } = {},
): SnapshotStore {
  const state: State = {
    blobs: openBlobs(join(dataFolder, 'blobs')),
    listings: createListings(join(dataFolder, 'snapshots'), now),
    announced: new Map(),
    asking: new Set(),
    collecting: null,
    account: openAccount(allowance, {
      bytesOnDisk: () => bytesOnDisk(state),
      collect: (keep) => collect(state, keep, now()),
    }),
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
    bytesOnDisk: () => bytesOnDisk(state),
    collect: (keep) => collect(state, keep, now()),
  };
}

async function bytesOnDisk({ blobs, listings }: State): Promise<number> {
  return (await bytesBelow(blobs.folder)) + (await bytesBelow(listings.folder));
}

function collect(state: State, keep: ReadonlySet<string>, now: number): Promise<void> {
  if (state.collecting) return state.collecting.done;
  const asked = [...state.asking];
  const announced = [...state.announced.values()].map(({ path }) => path);
  const done = collectGarbage({ ...state, keep, announced, asked, now }).finally(() => {
    state.collecting = null;
  });
  state.collecting = { done, asked };
  return done;
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
  const asked = createHashTable(0);
  state.asking.add(asked);
  state.collecting?.asked.push(asked);
  try {
    const taken = await takeListing(wire, { ...state, asked, assertSize });
    await accept(state, taken);
    return taken;
  } finally {
    state.asking.delete(asked);
  }
}

async function accept(state: State, taken: TakenListing): Promise<void> {
  try {
    await state.account.assertRoom(bytesOf(taken.missing));
  } catch (error) {
    await rm(taken.path, { force: true });
    throw error;
  }
  if (taken.missing.size > 0) await keepAnnounced(state, taken);
  else if (await state.listings.touch(taken.digest)) await rm(taken.path, { force: true });
  else await state.listings.complete(taken.digest, taken.path);
}

/** Bytes of missing contents together. */
function bytesOf(missing: HashTable): number {
  let bytes = 0;
  for (let place = 0; place < missing.size; place++) bytes += missing.get(place, 0);
  return bytes;
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
  await state.account.assertRoom(bytesOf(taken.missing));
  await receiveContents({ listing, missing: taken.missing, kind, sizeOf }, stream, state.blobs.begin());
  const missing = hexOf(taken.missing).filter((sha256) => state.blobs.sizeOf(sha256) === null);
  state.account.add(bytesOf(taken.missing));
  if (missing.length > 0) return { digest, missing };
  // It may have been announced anew meanwhile, or another upload of the same was quicker.
  const latest = state.announced.get(digest);
  state.announced.delete(digest);
  if (latest) await state.listings.complete(digest, latest.path);
  return { digest, missing };
}
