import { createHash, hash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { hashBytes } from './hash-table.ts';
import { openLargeBlobs, type LargeBlobs } from './large-blobs.ts';
import { openPacks, type Packs, type PackWriter } from './packs.ts';

/** Contents by their SHA-256, written once and never changed: small ones in packs, large ones as files. */
export interface Blobs {
  folder: string;
  packs: Packs;
  large: LargeBlobs;
  /** Bytes of a stored content, null when it is not there. */
  sizeOf(sha256: string): number | null;
  /** Contents to be added together. */
  begin(): BlobBatch;
  /**
   * A content turned out to be damaged: from now on it is not there, and nothing else of the same pack that is damaged
   * too. Returns the hashes.
   */
  forget(sha256: string): Promise<string[]>;
}

/** New contents; nobody sees them before they are committed, which is when they are safe on disk. */
export interface BlobBatch {
  /** A content that is there at once, below `LARGE_BYTES`. True, and it is kept, when its hash is the expected one. */
  keep(content: Buffer, expected: Buffer): boolean;
  /** Starts the next content. One at a time. */
  write(bytes: number): BlobWriter;
  /** Makes every kept content durable and visible, and forgets the others. The last thing done with a batch. */
  commit(): Promise<void>;
}

/** One content as its bytes come. */
export interface BlobWriter {
  append(chunk: Buffer): void;
  /** True, and the content is kept, when its hash is the expected one. */
  keepIf(sha256: string): boolean;
}

/** From here on a content is a file of its own, which the file system may clone instead of copying it. */
export const LARGE_BYTES = 1 << 20;

export function openBlobs(folder: string): Blobs {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const packs = openPacks(join(folder, 'packs'));
  const large = openLargeBlobs(folder);
  return {
    folder,
    packs,
    large,
    sizeOf: (sha256) => packs.find(sha256)?.bytes ?? large.sizeOf(sha256),
    begin: () => beginBatch(packs, large),
    async forget(sha256) {
      const span = packs.find(sha256);
      if (span) return (await packs.mend(span.pack)).bad;
      await large.forget(sha256);
      return [sha256];
    },
  };
}

function beginBatch(packs: Packs, large: LargeBlobs): BlobBatch {
  const pack = packs.begin();
  const files = large.begin();
  return {
    keep(content, expected) {
      if (!hash('sha256', content, 'buffer').equals(expected)) return false;
      const start = pack.position();
      pack.append(content);
      pack.keep(expected, start);
      return true;
    },
    write: (bytes) => (bytes < LARGE_BYTES ? packedWriter(pack) : files.write()),
    async commit() {
      await pack.finish();
      await files.finish();
    },
  };
}

function packedWriter(pack: PackWriter): BlobWriter {
  const start = pack.position();
  const content = createHash('sha256');
  return {
    append(chunk) {
      content.update(chunk);
      pack.append(chunk);
    },
    keepIf(sha256) {
      if (content.digest('hex') !== sha256) return false;
      pack.keep(hashBytes(sha256), start);
      return true;
    },
  };
}
