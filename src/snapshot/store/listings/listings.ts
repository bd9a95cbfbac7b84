import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { ifThere } from '../../../base/io/files.ts';
import { ifThereSync, isThereSync, removeAllSync } from '../../../base/io/files-sync.ts';
import { createRecent } from '../../../base/text/recent.ts';
import { flush } from '../../../base/io/place.ts';
import type { Listing } from '../../listing/listing.ts';
import { DamagedListing, openListing, type StoredListing } from './stored-listing.ts';
import { beginListing, type ListingWriter } from './write-listing.ts';

/** Listings of complete snapshots by their digest, and those that are being announced. */
export interface Listings {
  folder: string;
  /** Null when it is not there, or so damaged that it cannot be read: it is removed then, as if it had never come. */
  open(digest: string): Promise<StoredListing | null>;
  /** A new one, which has no digest yet. */
  begin(): ListingWriter;
  /** Makes one that was written the listing of a complete snapshot. */
  complete(digest: string, path: string): Promise<void>;
  remove(digest: string): Promise<void>;
  /** Removes one unless it was renewed after `time` (milliseconds), in one go with the look; whether it is gone. */
  removeOlder(digest: string, time: number): boolean;
  /** Whether it is complete; if so its time is renewed, so that `collect` leaves it alone for a while. */
  touch(digest: string): Promise<boolean>;
  /** All complete ones, with the milliseconds of their last change. */
  all(): Promise<{ digest: string; changedAt: number }[]>;
  /** Digests of those that name one of these contents. */
  naming(contents: ReadonlySet<string>): Promise<string[]>;
}

const PREFIX = 'sha256:';
const SUFFIX = '.listing';
/** As earlier versions wrote them: the listing as one JSON document. */
const FIRST_SUFFIX = '.json';

/** Whoever asks again so soon is told the same: what was renewed is not collected within the hour. */
const TOUCH_MS = 10_000;

export function createListings(folder: string, now: () => number): Listings {
  const announced = join(folder, 'announced');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // Nobody goes on with what was announced to a server that has ended: clients announce again.
  removeAllSync(announced);
  const pathOf = (digest: string, suffix = SUFFIX) => join(folder, digest.slice(PREFIX.length) + suffix);
  const begin = () => {
    mkdirSync(announced, { recursive: true, mode: 0o700 });
    return beginListing(join(announced, randomUUID()));
  };
  const complete = async (digest: string, path: string) => {
    await rename(path, pathOf(digest));
    await flush(folder);
  };
  const touched = createRecent<number>(64);
  const remove = async (digest: string) => {
    touched.put(digest, -Infinity);
    for (const suffix of [SUFFIX, FIRST_SUFFIX]) await rm(pathOf(digest, suffix), { force: true });
  };
  const convertFirst = async (digest: string): Promise<void> => {
    const path = pathOf(digest, FIRST_SUFFIX);
    if (!isThereSync(path) || isThereSync(pathOf(digest))) return;
    const listing = parseFirst(readFileSync(path, 'utf8'));
    const writer = listing && begin();
    if (!writer) return remove(digest);
    try {
      for (const entry of listing.entries) writer.add(entry);
      if (writer.finish().digest === digest) await complete(digest, writer.path);
      await rm(path, { force: true });
    } finally {
      writer.discard();
    }
  };
  const digests = async () => {
    const names = (await ifThere(readdir(folder))) ?? [];
    const stems = names.flatMap((name) => /^([0-9a-f]{64})\.(?:listing|json)$/.exec(name)?.[1] ?? []);
    return [...new Set(stems)].map((stem) => PREFIX + stem);
  };
  return {
    folder,
    begin,
    complete,
    remove,
    removeOlder(digest, time) {
      const isGone = removeUnlessNewer([pathOf(digest), pathOf(digest, FIRST_SUFFIX)], time);
      if (isGone) touched.put(digest, -Infinity);
      return isGone;
    },
    async open(digest) {
      await convertFirst(digest);
      try {
        return openListing(pathOf(digest));
      } catch (error) {
        if (!(error instanceof DamagedListing)) throw error;
        await remove(digest);
        return null;
      }
    },
    async touch(digest) {
      if (now() - (touched.get(digest) ?? -Infinity) < TOUCH_MS) return true;
      const time = now() / 1000;
      for (const suffix of [SUFFIX, FIRST_SUFFIX]) {
        const isThere = await ifThere(utimes(pathOf(digest, suffix), time, time).then(() => true));
        if (isThere) touched.put(digest, now());
        if (isThere) return true;
      }
      return false;
    },
    async all() {
      const found = (await digests()).map(async (digest) => {
        const entry =
          (await ifThere(stat(pathOf(digest)))) ?? (await ifThere(stat(pathOf(digest, FIRST_SUFFIX))));
        return entry && { digest, changedAt: entry.mtimeMs };
      });
      return (await Promise.all(found)).filter((entry) => entry !== null);
    },
    async naming(contents) {
      const names = readdirSync(folder).filter(
        (name) => name.endsWith(SUFFIX) || name.endsWith(FIRST_SUFFIX),
      );
      const naming = names.filter((name) => {
        const named = readFileSync(join(folder, name), 'latin1').matchAll(/[0-9a-f]{64}/g);
        return [...named].some(([sha256]) => contents.has(sha256));
      });
      return naming.map((name) => PREFIX + name.replace(/\..*$/, ''));
    },
  };
}

/** Without a pause between look and removal: what is renewed in a pause was promised to somebody. */
function removeUnlessNewer(paths: readonly string[], time: number): boolean {
  const isNewer = paths.some((path) => (ifThereSync(() => statSync(path))?.mtimeMs ?? -Infinity) > time);
  if (!isNewer) for (const path of paths) rmSync(path, { force: true });
  return !isNewer;
}

function parseFirst(text: string): Listing | null {
  try {
    const value: unknown = JSON.parse(text);
    const isListing =
      typeof value === 'object' && value !== null && 'entries' in value && Array.isArray(value.entries);
    // Our own file, checked when it was announced; its digest is compared with its name all the same.
    return isListing ? (value as Listing) : null;
  } catch {
    return null;
  }
}
