import { setMaxListeners } from 'node:events';
import type { FilesSending, FilesWanted, StoredMany } from '../../api/storage-contract.ts';
import { eachAtMost, inOrder } from '../../base/async/at-most.ts';
import {
  NoSmallFiles,
  packSmallFiles,
  readSmallFiles,
  SMALL_FILE,
  type SmallFile,
} from '../../base/http/small-files.ts';
import { AichorError } from '../../errors.ts';
import type { Files } from './files/files.ts';
import { takeFile } from './incoming.ts';
import { fileAt } from './paths.ts';
import { placeOf, untilClosing, type StorageReading } from './places.ts';

/**
 * Takes small files, each whole, as soon as it has come. After a failure some of them are there: whoever sent them sends all again.
 *
 * @throws AichorError
 */
export async function storeSmall(
  by: StorageReading,
  { at_a_time, ...query }: FilesSending & { path: string },
  packed: AsyncIterable<Uint8Array>,
): Promise<StoredMany> {
  const place = await placeOf(by, query);
  const closing = forMany(untilClosing(by));
  const stored: StoredMany = { files: 0, bytes: 0 };
  await eachAtMost(at_a_time, whole(packed), async ({ path, content }) => {
    if (content === null) throw notPacked();
    const file = { place, path: fileAt(path), bytes: content.length };
    const put = () => place.files.put(file, content, closing);
    await (place.isHere ? takeFile(by, file, put) : put());
    stored.files++;
    stored.bytes += content.length;
  });
  return stored;
}

/** Small files, packed, in the order in which they are wanted; without a content those that are gone, are not small, or cannot be read. */
export async function readSmall(
  by: StorageReading,
  { at_a_time, paths, ...query }: FilesWanted & { path: string },
): Promise<AsyncIterable<Uint8Array>> {
  const closing = forMany(untilClosing(by));
  const wanted = paths.map((path) => ({ path, place: fileAt(path) }));
  const { files } = await placeOf(by, query);
  // The answer has begun, and could only break off: who asks for that file by itself is told why it cannot be read.
  const read = async ({ path, place }: { path: string; place: string }): Promise<SmallFile> => ({
    path,
    content: await contentOf(files, place, closing).catch((error: unknown) => {
      if (closing.aborted) throw error;
      return null;
    }),
  });
  return packSmallFiles(inOrder(at_a_time, wanted, read));
}

/** As many listen as there are files on their way, which is no leak. */
function forMany(signal: AbortSignal): AbortSignal {
  setMaxListeners(0, signal);
  return signal;
}

async function contentOf(files: Files, path: string, signal: AbortSignal): Promise<Uint8Array | null> {
  const content = await files.open(path, { start: 0, version: null }, signal);
  if (content === null) return null;
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of content) {
    pieces.push(piece);
    bytes += piece.length;
    if (bytes > SMALL_FILE) return null;
  }
  return Buffer.concat(pieces, bytes);
}

async function* whole(packed: AsyncIterable<Uint8Array>): AsyncGenerator<SmallFile> {
  try {
    yield* readSmallFiles(packed);
  } catch (error) {
    throw error instanceof NoSmallFiles ? notPacked(error) : error;
  }
}

function notPacked(cause?: unknown): AichorError {
  return new AichorError('usage', 'the files that were sent are not complete, or not packed as they say', {
    hint: 'send them again: repeat the command',
    cause,
  });
}
