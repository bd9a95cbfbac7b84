import type { FileEntry } from '../../listing/listing.ts';
import { createHasher } from './hash.ts';
import { hashSlice, isKept, type HashedSlice } from './hash-slice.ts';
import { sharedSlices } from './look.ts';
import { startHelper, type ReadingJob } from './threads.ts';
import { createTurns } from '../../../base/async/turns.ts';
import type { FoundFile } from './walk.ts';

export interface HashProgress {
  /** Files hashed so far, and how many there are. */
  files: number;
  of: number;
  bytes: number;
}

interface HashOptions {
  /** The hash of a file that need not be read. */
  known?: (file: FoundFile) => string | undefined;
  /** Bytes of small contents that may be kept in memory; 0: none. */
  keep?: number;
  onProgress?: ((progress: HashProgress) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** Files with their hashes, and what of their contents was kept. */
export interface HashedFiles {
  /** In the order of what was found, without those that are gone. */
  entries: { file: FoundFile; entry: FileEntry }[];
  /** By SHA-256. */
  contents: ReadonlyMap<string, Buffer>;
}

/** From so many files on, a second thread helps. */
const WORTH_A_THREAD = 1000;

/**
 * The hash of every file that is still there. Throws AichorError `repository_invalid` naming a file that cannot be
 * read, `conflict` for one that is written to all the time.
 */
export async function hashFiles(
  root: string,
  found: readonly FoundFile[],
  { known, keep = 0, onProgress, signal }: HashOptions,
): Promise<HashedFiles> {
  const hashes: (string | null)[] = found.map((file) => known?.(file) ?? null);
  const unknown = found.flatMap((_, index) => (hashes[index] === null ? [index] : []));
  const sizes = Float64Array.from(found, ({ bytes }) => bytes);
  const contents = new Map<string, Buffer>();
  let files = found.length - unknown.length;
  let bytes = 0;
  const take = (slice: HashedSlice) => {
    const raw = Buffer.from(slice.hashes.buffer, slice.hashes.byteOffset, slice.hashes.length);
    let start = 0;
    for (const [at, size] of slice.sizes.entries()) {
      const index = unknown[slice.from + at] ?? -1;
      sizes[index] = size;
      const hash = size < 0 ? null : raw.toString('hex', at * 32, (at + 1) * 32);
      hashes[index] = hash;
      if (hash === null || !isKept(size) || !slice.contents) continue;
      contents.set(hash, Buffer.from(slice.contents.buffer, slice.contents.byteOffset + start, size));
      start += size;
    }
    files += slice.sizes.length;
    bytes += slice.sizes.reduce((sum, size) => sum + Math.max(0, size), 0);
    onProgress?.({ files, of: found.length, bytes });
  };
  const job = {
    root,
    kind: 'hash' as const,
    taken: new SharedArrayBuffer(4),
    paths: unknown.map((index) => found[index]?.path ?? ''),
    sizes: Float64Array.from(unknown, (index) => sizes[index] ?? 0),
    keep: keep / 2,
  };
  await hashTogether(job, take, signal);
  const entries = found.flatMap((file, index) => {
    const sha256 = hashes[index] ?? null;
    const size = sizes[index] ?? 0;
    if (sha256 === null) return [];
    const { path, executable } = file;
    return [{ file, entry: { path, kind: 'file' as const, executable, bytes: size, sha256 } }];
  });
  return { entries, contents };
}

/** In this thread and, when there is much, in another. */
async function hashTogether(
  job: Extract<ReadingJob, { kind: 'hash' }>,
  take: (slice: HashedSlice) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (job.paths.length === 0) return;
  const helper = job.paths.length < WORTH_A_THREAD ? null : startHelper(job, take);
  try {
    const slices = sharedSlices(job.taken, job.paths.length);
    const hasher = createHasher();
    const turns = createTurns(signal);
    let room = job.keep;
    for (let slice = slices.next(); slice; slice = slices.next()) {
      const hashed = await hashSlice(job, { slice, hasher, room });
      room -= hashed.contents?.length ?? 0;
      take(hashed);
      if (turns.isDue()) await turns.take();
    }
    await helper?.ended;
    signal?.throwIfAborted();
  } finally {
    helper?.stop();
  }
}
