import { createHash } from 'node:crypto';
import { open, rename, rm, stat, utimes } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Readable } from 'node:stream';
import type { StorageList, StorageQueryInput } from '../../api/storage-contract.ts';
import type { Client } from '../../client/client.ts';
import { ifThere, writeAllAt } from '../../base/io/files.ts';
import { withPath } from '../../base/io/disk-full.ts';
import { isAbsent, makeFolderSync } from '../../base/io/files-sync.ts';
import { place as placeWhole, placeBeside } from '../../base/io/place.ts';
import { AichorError, isAichorError } from '../../errors.ts';
import { BrokenOff, patiently } from './patience.ts';
import type { TransferProgress } from './progress.ts';

export type ListedFile = StorageList['files'][number];

/** A file that is to be fetched, and where to. */
export interface Fetching {
  query: StorageQueryInput;
  file: ListedFile;
  /** Path on this machine. */
  place: string;
}

/** Smaller ones are fetched anew when a connection breaks. */
const LARGE = 8 * 1024 * 1024;

/** Whether a file that was fetched is there as it was then. */
export async function isFetched({ file, place }: Pick<Fetching, 'file' | 'place'>): Promise<boolean> {
  const found = await ifThere(stat(place));
  if (found === null || !found.isFile() || found.size !== file.bytes) return false;
  return Math.abs(found.mtimeMs - Date.parse(file.modified_at)) < 2;
}

/**
 * Fetches one file, which appears whole, with the time at which it was written. What came of a large one is kept beside it when it
 * breaks off, and it goes on from there: at once, or the next time.
 */
export async function fetchFile(
  client: Client,
  fetching: Fetching,
  { progress, signal }: { progress: TransferProgress; signal?: AbortSignal | undefined },
): Promise<void> {
  const { file, place } = fetching;
  makeFolderSync(dirname(place));
  if (file.bytes < LARGE) await patiently(() => fetchWhole(client, fetching), { signal });
  else
    await fetchOn(client, fetching, { progress, signal }).catch(async (error: unknown) => {
      // Another command fetched it at the same time, and has placed it.
      const isThere = (await ifThere(stat(place)))?.size === file.bytes;
      if (!isAbsent(error) || !isThere) throw error;
    });
  if (file.bytes < LARGE) progress.moved(file.bytes);
  progress.done();
}

async function fetchWhole(client: Client, { query, file, place }: Fetching): Promise<void> {
  const content = await client.storedFile({ ...query, path: file.path });
  await placeWhole(place, pieces(content), { mode: openMode(), modified: new Date(file.modified_at) });
}

function openMode(): number {
  return 0o666 & ~process.umask();
}

/** The error of who sends is told apart from one of this machine's disk. */
async function* pieces(content: Readable): AsyncGenerator<Uint8Array> {
  try {
    yield* content as AsyncIterable<Uint8Array>;
  } catch (cause) {
    throw new BrokenOff('what was sent broke off', { cause });
  }
}

async function fetchOn(
  client: Client,
  { query, file, place }: Fetching,
  { progress, signal }: { progress: TransferProgress; signal?: AbortSignal | undefined },
): Promise<void> {
  const version = createHash('sha256').update(`${file.version} ${file.path}`).digest('hex').slice(0, 8);
  const partial = placeBeside(place, `.${version}.part`);
  let at = (await ifThere(stat(partial)))?.size ?? 0;
  progress.moved(at);
  const goOn = async () => {
    const from = at === 0 ? {} : { start: at, version: file.version };
    if (at < file.bytes || at === 0) {
      const content = await client.storedFile({ ...query, path: file.path, ...from });
      // Each byte at its own place: another command may fetch the same one at the same time.
      const target = await open(partial, at === 0 ? 'w' : 'r+', openMode());
      try {
        for await (const piece of pieces(content)) {
          await writeAllAt(target, piece, at).catch((error: unknown) => {
            throw withPath(error, place);
          });
          at += piece.length;
          progress.moved(piece.length);
        }
      } finally {
        await target.close();
      }
    }
  };
  await patiently(
    () =>
      goOn().catch(async (error: unknown) => {
        if (!isAichorError(error) || error.code !== 'conflict' || at === 0) throw error;
        // Another one is there now: what came of the one before is of no use.
        progress.moved(-at);
        at = 0;
        await rm(partial, { force: true });
        return goOn();
      }),
    { signal, progress: () => at },
  );
  if (at < file.bytes)
    throw new AichorError('conflict', `${file.path} became shorter while it was fetched`, {
      hint: 'repeat the command',
    });
  // Before it has its name: whoever is interrupted in between finds no file there that looks like another one.
  const time = new Date(file.modified_at);
  await utimes(partial, time, time);
  await rename(partial, place);
}
