import { mkdirSync } from 'node:fs';
import { readdir, readFile, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { systemErrorCode } from '../../errors.ts';
import type { Listing } from '../listing/listing.ts';
import { placeDurably } from './durable.ts';

/** Listings by digest: `announced` while contents are missing, `complete` from then on. */
export interface Listings {
  folder: string;
  read(state: ListingState, digest: string): Promise<Listing | null>;
  place(state: ListingState, digest: string, listing: Listing): Promise<void>;
  remove(state: ListingState, digest: string): Promise<void>;
  /** Whether it is complete; if so its time is renewed, so that `collect` leaves it alone for a while. */
  touch(digest: string): Promise<boolean>;
  /** All of one state, with the milliseconds of their last change. */
  all(state: ListingState): Promise<{ digest: string; changedAt: number }[]>;
}

export type ListingState = 'announced' | 'complete';

const PREFIX = 'sha256:';
const SUFFIX = '.json';

export function createListings(folder: string, now: () => number): Listings {
  const places = { complete: folder, announced: join(folder, 'announced') };
  const pathOf = (state: ListingState, digest: string) =>
    join(places[state], digest.slice(PREFIX.length) + SUFFIX);
  return {
    folder,
    async read(state, digest) {
      const text = await orNull(readFile(pathOf(state, digest), 'utf8'));
      return text === null ? null : parseStored(text);
    },
    async place(state, digest, listing) {
      mkdirSync(places[state], { recursive: true, mode: 0o700 });
      await placeDurably(pathOf(state, digest), JSON.stringify(listing));
    },
    remove: (state, digest) => rm(pathOf(state, digest), { force: true }),
    async touch(digest) {
      const time = now() / 1000;
      return (await orNull(utimes(pathOf('complete', digest), time, time).then(() => true))) ?? false;
    },
    async all(state) {
      const names = (await orNull(readdir(places[state]))) ?? [];
      const found = names
        .filter((name) => name.endsWith(SUFFIX))
        .map(async (name) => {
          const entry = await orNull(stat(join(places[state], name)));
          return entry && { digest: PREFIX + name.slice(0, -SUFFIX.length), changedAt: entry.mtimeMs };
        });
      return (await Promise.all(found)).filter((entry) => entry !== null);
    },
  };
}

/** Null when there is no such file. */
async function orNull<T>(reading: Promise<T>): Promise<T | null> {
  try {
    return await reading;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return null;
    throw error;
  }
}

/** Our own file, checked when it was announced and placed whole. */
function parseStored(text: string): Listing {
  return JSON.parse(text) as Listing;
}
