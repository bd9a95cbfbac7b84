import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { SnapshotReader } from '../../engines/engine.ts';
import { createRecent } from '../../base/text/recent.ts';
import { AichorError } from '../../errors.ts';
import { snapshotDigest } from '../packaging/digest.ts';
import { createTurns } from '../packaging/reading/turns.ts';
import { EVERYTHING } from '../packaging/selection/selection.ts';
import { walk } from '../packaging/reading/walk.ts';
import { assertListing, type FileEntry, type Listing } from '../listing/listing.ts';
import { openBlobs, type Blobs } from './contents/blobs.ts';
import { collectGarbage } from './collect.ts';
import { diskError } from './disk-error.ts';
import { importDirectory } from './import.ts';
import { createListings, type Listings } from './listings.ts';
import { snapshotReader } from './reading/reader.ts';
import { receiveContents } from './receiving/receive.ts';

/** Which contents a snapshot still lacks; complete when none. */
export interface Announced {
  /** `sha256:…` */
  digest: string;
  missing: string[];
}

/** Submitted directories, each content kept once. One store per data folder, in one process. */
export interface SnapshotStore {
  /** Takes a listing and says what is missing. Throws AichorError `usage` for a listing that is not sound. */
  announce(listing: Listing): Promise<Announced>;
  /**
   * Takes missing contents of an announced snapshot (a tar stream, decompressed). Throws AichorError `not_found`
   * for one that was never announced, `usage` for an archive that does not match, `server_error` for the disk.
   */
  receive(digest: string, tar: AsyncIterable<Buffer>): Promise<Announced>;
  /** Null unless complete. */
  open(digest: string): Promise<SnapshotReader | null>;
  /** Whether it is complete; it then stays for an hour at least. */
  has(digest: string): Promise<boolean>;
  /** Stores all files and links of a directory; returns the digest. */
  importDirectory(directory: string): Promise<string>;
  bytesOnDisk(): Promise<number>;
  /** Removes what is older than an hour and belongs to none of these digests. One at a time: a second call does nothing. */
  collect(keep: ReadonlySet<string>): Promise<void>;
}

interface State {
  blobs: Blobs;
  listings: Listings;
  /** Contents asked for while a collection runs; null while none does. */
  wanted: Set<string> | null;
}

/** Whoever asks again so soon is told the same: what was renewed is not collected within the hour. */
const TOUCH_MS = 10_000;

/** Keeps snapshots in `blobs/` and `snapshots/` below the data folder. All files 0600, all folders 0700. */
export function createSnapshotStore(dataFolder: string, now: () => number = Date.now): SnapshotStore {
  const state: State = {
    blobs: openBlobs(join(dataFolder, 'blobs')),
    listings: createListings(join(dataFolder, 'snapshots'), now),
    wanted: null,
  };
  for (const { folder } of [state.blobs, state.listings]) mkdirSync(folder, { recursive: true, mode: 0o700 });
  const storing = <T>(work: Promise<T>): Promise<T> =>
    work.catch((error) => Promise.reject(diskError(error, dataFolder)));
  const touched = createRecent<number>(64);
  const entrance = {
    announce: (listing: Listing) => storing(announce(state, listing)),
    receive: (digest: string, tar: AsyncIterable<Buffer>) => storing(receive(state, digest, tar)),
  };
  return {
    ...entrance,
    async open(digest) {
      const listing = await state.listings.read('complete', digest);
      return listing && snapshotReader(digest, listing, state.blobs);
    },
    async has(digest) {
      if (now() - (touched.get(digest) ?? -Infinity) < TOUCH_MS) return true;
      const there = await state.listings.touch(digest);
      if (there) touched.put(digest, now());
      return there;
    },
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
      const wanted = (state.wanted = new Set<string>());
      try {
        await collectGarbage({ ...state, keep, isWanted: (sha256) => wanted.has(sha256), now: now() });
      } finally {
        state.wanted = null;
      }
    },
  };
}

async function announce(state: State, listing: Listing): Promise<Announced> {
  assertListing(listing);
  const digest = snapshotDigest(listing);
  if (await state.listings.touch(digest)) return { digest, missing: [] };
  await state.listings.place('announced', digest, listing);
  return completeIfAll(state, digest, listing);
}

async function receive(state: State, digest: string, tar: AsyncIterable<Buffer>): Promise<Announced> {
  const listing = await announcedListing(state, digest);
  await receiveContents(listing, tar, state.blobs.begin());
  return completeIfAll(state, digest, listing);
}

async function announcedListing(state: State, digest: string): Promise<Listing> {
  const { listings } = state;
  const listing = (await listings.read('announced', digest)) ?? (await listings.read('complete', digest));
  if (listing) return listing;
  throw new AichorError('not_found', `no snapshot ${digest} was announced`, {
    hint: 'send its listing first, or run the command again',
  });
}

/** Looks for every content, and when all are there, says so on disk. */
async function completeIfAll(state: State, digest: string, listing: Listing): Promise<Announced> {
  const missing = await missingContents(state, listing);
  if (missing.length > 0) return { digest, missing };
  await state.listings.place('complete', digest, listing);
  await state.listings.remove('announced', digest);
  return { digest, missing };
}

async function missingContents({ blobs, wanted }: State, { entries }: Listing): Promise<string[]> {
  const files = entries.filter((entry): entry is FileEntry => entry.kind === 'file');
  for (const file of files) wanted?.add(file.sha256);
  const missing = new Set<string>();
  const turns = createTurns();
  for (const { path, sha256, bytes } of files) {
    const size = blobs.sizeOf(sha256);
    if (size === null) missing.add(sha256);
    else if (size !== bytes) throw wrongSize(path, bytes, size);
    if (turns.isDue()) await turns.take();
  }
  return [...missing];
}

function wrongSize(path: string, bytes: number, size: number): AichorError {
  return new AichorError(
    'usage',
    `the snapshot was refused: ${JSON.stringify(path)} is said to have ${bytes} bytes, its content has ${size}`,
    {
      hint: 'run the command again',
    },
  );
}
