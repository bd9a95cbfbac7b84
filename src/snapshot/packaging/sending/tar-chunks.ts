import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { Header } from 'tar';
import { AichorError, systemErrorCode } from '../../../errors.ts';

/** A file to pack, as it was scanned. */
export interface PackedFile {
  path: string;
  bytes: number;
  sha256: string;
}

const BLOCK = 512;

/** What is written is joined to this size: passing on small pieces is what makes packing slow. */
const CHUNK = 1 << 20;

/** No link is followed, and a FIFO that took the file's place blocks nobody. */
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** The chunk being filled; always a multiple of `BLOCK` between entries. */
interface Page {
  chunk: Buffer;
  used: number;
}

/**
 * A tar archive of these files, synchronously, in chunks with memory of their own. Every file is checked
 * against its scan as it is read: one that grew, shrank, vanished or says something else by now is AichorError
 * `conflict`. Entries are called by their path, or by their hash where a plain header cannot hold the path.
 */
export function* tarChunks(root: string, files: readonly PackedFile[]): Generator<Buffer, void, void> {
  const page = { chunk: Buffer.allocUnsafeSlow(CHUNK), used: 0 };
  for (const file of files) {
    yield* turnFullPage(page);
    writeHeader(file, page.chunk.subarray(page.used, page.used + BLOCK));
    page.used += BLOCK;
    yield* writeContent(root, file, page);
    const padding = (BLOCK - (file.bytes % BLOCK)) % BLOCK;
    page.chunk.fill(0, page.used, page.used + padding);
    page.used += padding;
  }
  yield Buffer.concat([page.chunk.subarray(0, page.used), Buffer.alloc(2 * BLOCK)]);
}

function* turnFullPage(page: Page): Generator<Buffer, void, void> {
  if (page.used < CHUNK) return;
  yield page.chunk;
  page.chunk = Buffer.allocUnsafeSlow(CHUNK);
  page.used = 0;
}

function writeHeader({ path, bytes, sha256 }: PackedFile, block: Buffer): void {
  block.fill(0);
  const header = new Header({
    path,
    size: bytes,
    type: 'File',
    mode: 0o644,
    uid: 0,
    gid: 0,
    mtime: new Date(0),
  });
  if (!header.encode(block)) return;
  header.path = sha256;
  header.encode(block.fill(0));
}

function* writeContent(root: string, file: PackedFile, page: Page): Generator<Buffer, void, void> {
  const descriptor = openScanned(root, file);
  try {
    const content = createHash('sha256');
    for (let left = file.bytes; left > 0;) {
      yield* turnFullPage(page);
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
    throw changed(
      path,
      code === 'ELOOP' ? 'it became a link' : `it cannot be read any more (${code})`,
      error,
    );
  }
}

function changed(path: string, how: string, cause?: unknown): AichorError {
  return new AichorError('conflict', `${JSON.stringify(path)} changed while it was being sent: ${how}`, {
    hint: 'run the command again when nothing writes to the directory',
    cause,
  });
}
