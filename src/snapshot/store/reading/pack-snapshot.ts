import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { Header } from 'tar';
import type { StoredEntry } from '../../listing/lines.ts';
import { AichorError } from '../../../errors.ts';
import type { Blobs } from '../contents/blobs.ts';

const BLOCK = 512;
const CHUNK = 1 << 20;
/** Not the epoch: ZIP files, and so Python wheels, know no time before 1980. */
const TIME = new Date(Date.UTC(2000, 0, 1));

/**
 * A snapshot as a tar archive, in the order of its listing; `last` is an empty file at its end, which is there only
 * when everything before it has arrived. Paths of any length, in the way that every tar (BusyBox's too) reads.
 */
export function packSnapshot(entries: Iterable<StoredEntry>, last: string, blobs: Blobs): Iterable<Buffer> {
  return joined(archive(entries, last, blobs));
}

function* archive(entries: Iterable<StoredEntry>, last: string, blobs: Blobs): Generator<Buffer, void, void> {
  const reader = blobs.packs.reader();
  try {
    for (const entry of entries) {
      if (entry.kind === 'folder') {
        yield* header({ path: `${entry.path}/`, type: 'Directory', size: 0, mode: 0o755 });
        continue;
      }
      if (entry.kind === 'link') {
        yield* header({
          path: entry.path,
          type: 'SymbolicLink',
          linkpath: entry.target,
          size: 0,
          mode: 0o777,
        });
        continue;
      }
      const mode = entry.executable ? 0o755 : 0o644;
      const span = blobs.packs.find(entry.sha256);
      const size = span?.bytes ?? blobs.large.sizeOf(entry.sha256);
      const content = span ? reader.read(entry.sha256, span) : undefined;
      if (size === null || content === null) throw damaged(entry.path);
      yield* header({ path: entry.path, type: 'File', size, mode });
      if (content) yield content;
      else yield* largeContent({ ...entry, bytes: size }, blobs);
      yield padding(size);
    }
    yield* header({ path: last, type: 'File', size: 0, mode: 0o644 });
    yield Buffer.alloc(2 * BLOCK);
  } finally {
    reader.close();
  }
}

interface Entry {
  path: string;
  type: 'File' | 'SymbolicLink' | 'Directory' | 'NextFileHasLongPath' | 'NextFileHasLongLinkpath';
  size: number;
  mode: number;
  linkpath?: string;
}

/** What a header cannot hold stands in an entry of its own before it. */
function* header(entry: Entry): Generator<Buffer, void, void> {
  const block = Buffer.alloc(BLOCK);
  const isShort = !new Header({ ...entry, uid: 0, gid: 0, mtime: TIME }).encode(block);
  if (!isShort) {
    yield* longText('NextFileHasLongPath', entry.path);
    if (entry.linkpath !== undefined) yield* longText('NextFileHasLongLinkpath', entry.linkpath);
  }
  yield block;
}

function* longText(type: Entry['type'], text: string): Generator<Buffer, void, void> {
  const bytes = Buffer.from(`${text}\0`);
  yield* header({ path: '././@LongLink', type, size: bytes.length, mode: 0o644 });
  yield bytes;
  yield padding(bytes.length);
}

/** The pod that reads it never gets the last entry, and begins nothing. */
function damaged(path: string): AichorError {
  return new AichorError('server_error', `the stored content of ${JSON.stringify(path)} is damaged`, {
    hint: 'submit the directory again: what is missing is sent again',
  });
}

function* largeContent(
  { path, sha256, bytes }: { path: string; sha256: string; bytes: number },
  blobs: Blobs,
): Generator<Buffer, void, void> {
  const hash = createHash('sha256');
  const file = openSync(blobs.large.path(sha256), 'r');
  try {
    for (let left = bytes; left > 0;) {
      const chunk = Buffer.allocUnsafe(Math.min(left, CHUNK));
      const count = readSync(file, chunk);
      if (count === 0) throw damaged(path);
      hash.update(chunk.subarray(0, count));
      yield chunk.subarray(0, count);
      left -= count;
    }
    if (hash.digest('hex') !== sha256) throw damaged(path);
  } finally {
    closeSync(file);
  }
}

function padding(bytes: number): Buffer {
  return Buffer.alloc((BLOCK - (bytes % BLOCK)) % BLOCK);
}

/** Passing on small pieces is what makes packing slow. */
function* joined(pieces: Iterable<Buffer>): Generator<Buffer, void, void> {
  let waiting: Buffer[] = [];
  let bytes = 0;
  for (const piece of pieces) {
    waiting.push(piece);
    bytes += piece.length;
    if (bytes < CHUNK) continue;
    yield Buffer.concat(waiting, bytes);
    waiting = [];
    bytes = 0;
  }
  if (bytes > 0) yield Buffer.concat(waiting, bytes);
}
