import { createHash, randomUUID } from 'node:crypto';
import { closeSync, mkdirSync, openSync, renameSync, statSync, writeSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createTurns } from '../packaging/turns.ts';
import { flush } from './durable.ts';

/** Contents by their SHA-256, each a file that is written once and never changed. */
export interface Blobs {
  folder: string;
  path(sha256: string): string;
  /** Bytes of a stored content, null when it is not there. */
  sizeOf(sha256: string): number | null;
  /** Contents to be added together. */
  begin(): BlobBatch;
}

/** New contents, written to a folder of their own and moved into place together once they are safe on disk. */
export interface BlobBatch {
  /** Starts the next content. */
  write(): BlobWriter;
  /** How much waits to be committed. */
  readonly pending: { count: number; bytes: number };
  /** Makes every kept content durable and visible. */
  commit(): Promise<void>;
  /** Removes what was not committed. */
  close(): Promise<void>;
}

/** One content as its bytes come. */
export interface BlobWriter {
  append(chunk: Buffer): void;
  /** True, and the content is kept, when its hash is the expected one; else it is forgotten. */
  keepIf(sha256: string): boolean;
  abandon(): void;
}

export function createBlobs(folder: string): Blobs {
  const path = (sha256: string) => join(folder, sha256.slice(0, 2), sha256);
  return {
    folder,
    path,
    sizeOf: (sha256) => statSync(path(sha256), { throwIfNoEntry: false })?.size ?? null,
    begin: () => beginBatch(folder, path),
  };
}

/** Where batches are before they are committed: beside the blobs, so that a rename is enough. */
export function incomingFolder(blobsFolder: string): string {
  return join(blobsFolder, 'incoming');
}

function beginBatch(folder: string, place: (sha256: string) => string): BlobBatch {
  const incoming = join(incomingFolder(folder), randomUUID());
  mkdirSync(incoming, { recursive: true, mode: 0o700 });
  const kept = new Map<string, string>();
  const pending = { count: 0, bytes: 0 };
  let next = 0;
  return {
    pending,
    write() {
      const temporary = join(incoming, String(next++));
      return blobWriter(temporary, (sha256, bytes) => {
        kept.set(sha256, temporary);
        pending.count++;
        pending.bytes += bytes;
      });
    },
    async commit() {
      const batch = [...kept];
      kept.clear();
      pending.count = 0;
      pending.bytes = 0;
      await flush(batch.map(([, temporary]) => temporary), folder);
      await movePlaces(batch, place, folder);
    },
    close: () => rm(incoming, { recursive: true, force: true }),
  };
}

async function movePlaces(
  batch: readonly (readonly [string, string])[],
  place: (sha256: string) => string,
  folder: string,
): Promise<void> {
  const turns = createTurns();
  const folders = new Set<string>();
  for (const [sha256, temporary] of batch) {
    const parent = join(folder, sha256.slice(0, 2));
    if (!folders.has(parent)) mkdirSync(parent, { recursive: true, mode: 0o700 });
    folders.add(parent);
    renameSync(temporary, place(sha256));
    if (turns.isDue()) await turns.take();
  }
  await flush([...folders], folder);
}

function blobWriter(temporary: string, keep: (sha256: string, bytes: number) => void): BlobWriter {
  const file = openSync(temporary, 'wx', 0o600);
  const content = createHash('sha256');
  let bytes = 0;
  return {
    append(chunk) {
      content.update(chunk);
      for (let done = 0; done < chunk.length; ) done += writeSync(file, chunk, done);
      bytes += chunk.length;
    },
    keepIf(sha256) {
      closeSync(file);
      if (content.digest('hex') !== sha256) return false;
      keep(sha256, bytes);
      return true;
    },
    abandon: () => closeSync(file),
  };
}
