import { rmSync, statSync, unlinkSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { systemErrorCode } from '../errors.ts';
import { createTurns } from '../packaging/turns.ts';
import { incomingFolder, type Blobs } from './blobs.ts';
import type { Listings } from './listings.ts';

/** What a client was told a moment ago must still hold when it comes back with it. */
const GRACE_MS = 3_600_000;

interface CollectOptions {
  listings: Listings;
  blobs: Blobs;
  /** Digests that experiments refer to. */
  keep: ReadonlySet<string>;
  /** Whether a content was asked for since the collection began. */
  isWanted(sha256: string): boolean;
  now: number;
}

/**
 * Removes listings that no experiment refers to, contents that no listing refers to, and what broken uploads
 * left; all of it only when it is older than an hour.
 */
export async function collectGarbage({ listings, blobs, keep, isWanted, now }: CollectOptions): Promise<void> {
  const used = new Set<string>();
  for (const state of ['complete', 'announced'] as const) {
    for (const { digest, changedAt } of await listings.all(state)) {
      const kept = now - changedAt < GRACE_MS || (state === 'complete' && keep.has(digest));
      if (!kept) await listings.remove(state, digest);
      const listing = kept ? await listings.read(state, digest) : null;
      for (const entry of listing?.entries ?? []) if (entry.kind === 'file') used.add(entry.sha256);
    }
  }
  const turns = createTurns();
  for (const path of await blobPaths(blobs.folder)) {
    const sha256 = path.slice(-64);
    if (!used.has(sha256) && !isWanted(sha256) && isOld(path, now)) unlinkSync(path);
    if (turns.isDue()) await turns.take();
  }
  const incoming = incomingFolder(blobs.folder);
  for (const name of await namesIn(incoming)) {
    if (isOld(join(incoming, name), now)) rmSync(join(incoming, name), { recursive: true, force: true });
  }
}

async function blobPaths(folder: string): Promise<string[]> {
  const paths: string[] = [];
  for (const part of await namesIn(folder)) {
    if (!/^[0-9a-f]{2}$/.test(part)) continue;
    for (const name of await namesIn(join(folder, part))) paths.push(join(folder, part, name));
  }
  return paths;
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return [];
    throw error;
  }
}

function isOld(path: string, now: number): boolean {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat !== undefined && now - stat.mtimeMs >= GRACE_MS;
}
