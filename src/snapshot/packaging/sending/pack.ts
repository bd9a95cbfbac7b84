import { createHash, hash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { Readable } from 'node:stream';
import { AichorError, systemErrorCode } from '../../../errors.ts';
import { FRAME_HEADER, writeFrameHeader } from '../../listing/frame.ts';
import type { FileEntry, Listing } from '../../listing/listing.ts';

/** A file to send, as it was scanned. */
export type PackedFile = Pick<FileEntry, 'path' | 'bytes' | 'sha256'>;

/** What is written is joined to this size: passing on small pieces is what makes sending slow. */
const CHUNK = 1 << 20;

/** No link is followed, and a FIFO that took the file's place blocks nobody. */
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** The contents that a store lacks, as `frame.ts` says: one for each hash of `missing`. As `packContents` otherwise. */
export function packFiles(
  root: string,
  listing: Listing,
  missing: readonly string[],
  signal?: AbortSignal,
): Readable {
  return packContents({ root, files: filesToPack(listing, missing), signal });
}

/** One file for each missing content, in the order of the listing. */
export function filesToPack(listing: Listing, missing: readonly string[]): PackedFile[] {
  const wanted = new Set(missing);
  return listing.entries.filter(
    (entry) => entry.kind === 'file' && wanted.delete(entry.sha256),
  ) as FileEntry[];
}

export interface Packing {
  root: string;
  files: readonly PackedFile[];
  /** Contents that need not be read, by their SHA-256. */
  contents?: ReadonlyMap<string, Buffer>;
  signal?: AbortSignal | undefined;
}

/**
 * Contents one after another. The stream fails with AichorError `conflict` that names a file which changed since the
 * scan. It reads no further than it is read from; aborting the signal, or destroying the stream, ends it.
 */
export function packContents({ root, files, contents, signal }: Packing): Readable {
  const stream = Readable.from(frames({ root, files, contents: contents ?? new Map() }), {
    objectMode: false,
    highWaterMark: CHUNK,
  });
  if (signal) destroyOn(signal, stream);
  return stream;
}

/** The chunk being filled. */
interface Page {
  chunk: Buffer;
  used: number;
}

/** Synchronously, in chunks with memory of their own. */
function* frames({
  root,
  files,
  contents,
}: Required<Omit<Packing, 'signal'>>): Generator<Buffer, void, void> {
  const page = { chunk: Buffer.allocUnsafeSlow(CHUNK), used: 0 };
  for (const file of files) {
    if (page.used + FRAME_HEADER > CHUNK) yield* turnPage(page);
    writeFrameHeader(page.chunk, page.used, file.sha256, file.bytes);
    page.used += FRAME_HEADER;
    const kept = contents.get(file.sha256);
    if (kept && kept.length === file.bytes) yield* addKept(kept, page);
    else if (file.bytes < CHUNK) yield* addSmall(root, file, page);
    else yield* addLarge(root, file, page);
  }
  if (page.used > 0) yield page.chunk.subarray(0, page.used);
}

function* turnPage(page: Page): Generator<Buffer, void, void> {
  yield page.chunk.subarray(0, page.used);
  page.chunk = Buffer.allocUnsafeSlow(CHUNK);
  page.used = 0;
}

function* addKept(content: Buffer, page: Page): Generator<Buffer, void, void> {
  if (page.used + content.length > CHUNK) yield* turnPage(page);
  page.used += content.copy(page.chunk, page.used);
}

function* addSmall(root: string, file: PackedFile, page: Page): Generator<Buffer, void, void> {
  if (page.used + file.bytes > CHUNK) yield* turnPage(page);
  const descriptor = openScanned(root, file);
  try {
    const { chunk, used } = page;
    if (readSync(descriptor, chunk, used, file.bytes, null) !== file.bytes)
      throw changed(file.path, 'it became shorter');
    if (hash('sha256', chunk.subarray(used, used + file.bytes), 'hex') !== file.sha256)
      throw changed(file.path, 'its content changed');
    page.used += file.bytes;
  } finally {
    closeSync(descriptor);
  }
}

function* addLarge(root: string, file: PackedFile, page: Page): Generator<Buffer, void, void> {
  const descriptor = openScanned(root, file);
  try {
    const content = createHash('sha256');
    for (let left = file.bytes; left > 0;) {
      if (page.used === CHUNK) yield* turnPage(page);
      const count = readSync(descriptor, page.chunk, page.used, Math.min(left, CHUNK - page.used), null);
      if (count === 0) throw changed(file.path, 'it became shorter');
      content.update(page.chunk.subarray(page.used, page.used + count));
      page.used += count;
      left -= count;
    }
    if (content.digest('hex') !== file.sha256) throw changed(file.path, 'its content changed');
  } finally {
    closeSync(descriptor);
  }
}

function openScanned(root: string, { path, bytes }: PackedFile): number {
  const descriptor = attempt(path, () => openSync(`${root}/${path}`, OPEN_FLAGS));
  const stat = fstatSync(descriptor);
  if (stat.isFile() && stat.size === bytes) return descriptor;
  closeSync(descriptor);
  throw changed(
    path,
    stat.isFile() ? `it had ${bytes} bytes and has ${stat.size} now` : 'it is no file any more',
  );
}

function attempt(path: string, openFile: () => number): number {
  try {
    return openFile();
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === undefined) throw error;
    const how = code === 'ELOOP' ? 'it became a link' : `it cannot be read any more (${code})`;
    throw changed(path, how, error);
  }
}

function changed(path: string, how: string, cause?: unknown): AichorError {
  return new AichorError('conflict', `${JSON.stringify(path)} changed while it was being sent: ${how}`, {
    hint: 'run the command again when nothing writes to the directory',
    cause,
  });
}

function destroyOn(signal: AbortSignal, stream: Readable): void {
  const abort = () => stream.destroy(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
  if (signal.aborted) abort();
  else signal.addEventListener('abort', abort, { once: true });
  stream.once('close', () => signal.removeEventListener('abort', abort));
}
