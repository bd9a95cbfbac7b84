import type { FileEntry } from '../../listing/listing.ts';
import { createHasher, type Content, type Hasher } from './hash.ts';
import type { StatCache } from './stat-cache.ts';
import { createTurns } from './turns.ts';
import { unreadable, type FoundFile } from './walk.ts';

export interface HashProgress {
  /** Files hashed so far, and how many there are. */
  files: number;
  of: number;
  bytes: number;
}

interface HashOptions {
  cache: StatCache | null;
  onProgress?: ((progress: HashProgress) => void) | undefined;
  signal?: AbortSignal | undefined;
  now?: (() => number) | undefined;
}

/**
 * The hash of every file that is still there, from the cache where it can be. Throws AichorError
 * `repository_invalid` naming a file that cannot be read.
 */
export async function hashFiles(
  root: string,
  found: readonly FoundFile[],
  options: HashOptions,
): Promise<FileEntry[]> {
  const { cache, onProgress, signal, now = Date.now } = options;
  const startedAt = now();
  const hasher = createHasher();
  const files: FoundFile[] = [];
  const entries: FileEntry[] = [];
  let bytes = 0;
  const turns = createTurns(signal);
  for (const file of found) {
    const known = cache?.find(file);
    const content =
      known === undefined ? await contentOf(root, file, hasher) : { sha256: known, bytes: file.bytes };
    if (content) {
      const { path, executable } = file;
      files.push(file);
      entries.push({ path, kind: 'file', executable, bytes: content.bytes, sha256: content.sha256 });
      bytes += content.bytes;
    }
    if (!turns.isDue()) continue;
    onProgress?.({ files: entries.length, of: found.length, bytes });
    await turns.take();
  }
  cache?.replace(files, entries, startedAt);
  return entries;
}

/** Null for a file that has gone since it was found, or is something else now: as if it was found later. */
async function contentOf(root: string, file: FoundFile, hasher: Hasher): Promise<Content | null> {
  try {
    return await hasher.hash(`${root}/${file.path}`, file.bytes);
  } catch (error) {
    throw unreadable(file.path, error);
  }
}
