import { Readable } from 'node:stream';
import { Worker } from 'node:worker_threads';
import { AichorError } from '../../../errors.ts';
import type { Listing } from '../../listing/listing.ts';
import type { PackMessage, PackOrder } from './pack-messages.ts';
import { tarChunks, type PackedFile } from './tar-chunks.ts';

/** Chunks of 1 MiB that may wait to be read. */
const CHUNKS_AHEAD = 8;

/**
 * The contents that a server lacks as a tar stream: one entry for each hash of `missing`. The stream fails with
 * AichorError `conflict` that names a file which changed since the scan. Aborting the signal, or destroying the
 * stream, ends the packing.
 */
export function packFiles(
  root: string,
  listing: Listing,
  missing: readonly string[],
  signal?: AbortSignal,
): Readable {
  return packStream({ root, files: filesToPack(listing, missing), worker: builtWorker(), signal });
}

/** One file for each missing content, in the order of the listing. */
export function filesToPack(listing: Listing, missing: readonly string[]): PackedFile[] {
  const wanted = new Set(missing);
  const files: PackedFile[] = [];
  for (const entry of listing.entries) {
    if (entry.kind !== 'file' || !wanted.delete(entry.sha256)) continue;
    files.push({ path: entry.path, bytes: entry.bytes, sha256: entry.sha256 });
  }
  return files;
}

/** The worker beside the bundle; run from source (no bundle, no plain JavaScript) there is none. */
function builtWorker(): URL | null {
  return import.meta.url.endsWith('.ts') ? null : new URL('./pack-worker.cjs', import.meta.url);
}

export interface PackOptions {
  root: string;
  files: PackedFile[];
  /** A built `pack-worker.ts`; null packs in this thread. */
  worker: URL | null;
  signal?: AbortSignal | undefined;
}

/** As `packFiles`, for files chosen by the caller. */
export function packStream({ root, files, worker, signal }: PackOptions): Readable {
  const stream = worker
    ? threadStream(worker, { root, files, room: new SharedArrayBuffer(4) })
    : Readable.from(tarChunks(root, files), { objectMode: false });
  if (signal) destroyOn(signal, stream);
  return stream;
}

function threadStream(url: URL, order: PackOrder): Readable {
  const room = new Int32Array(order.room);
  room[0] = CHUNKS_AHEAD;
  const thread = new Worker(url, { workerData: order });
  const chunks: Uint8Array[] = [];
  let ended = false;
  let wanted = false;
  const hand = () => {
    const chunk = wanted ? chunks.shift() : undefined;
    if (chunk) {
      Atomics.add(room, 0, 1);
      Atomics.notify(room, 0);
      wanted = stream.push(chunk);
      if (wanted) hand();
    } else if (wanted && ended) stream.push(null);
  };
  const stream = new Readable({
    highWaterMark: 1 << 20,
    read() {
      wanted = true;
      hand();
    },
    destroy(error, done) {
      thread.terminate().then(() => done(error), done);
    },
  });
  thread.on('message', (message: PackMessage) => {
    if ('failure' in message) {
      const { code, message: text, hint } = message.failure;
      stream.destroy(new AichorError(code, text, { hint }));
    } else {
      if ('chunk' in message) chunks.push(message.chunk);
      else ended = true;
      hand();
    }
  });
  thread.on('error', (error) => stream.destroy(error));
  return stream;
}

function destroyOn(signal: AbortSignal, stream: Readable): void {
  const abort = () => stream.destroy(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
  if (signal.aborted) abort();
  else signal.addEventListener('abort', abort, { once: true });
  stream.once('close', () => signal.removeEventListener('abort', abort));
}
