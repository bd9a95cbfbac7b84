import { FRAME_HEADER } from '../../listing/frame.ts';
import { LARGE_BYTES, type BlobBatch, type BlobWriter } from '../contents/blobs.ts';
import type { HashTable } from '../contents/hash-table.ts';
import { refusedArchive } from './archive.ts';

/** Contents that are taken apart as their bytes come. Throws AichorError `usage` at the first thing wrong. */
export interface Contents {
  write(chunk: Buffer): void;
  /** All bytes have come. */
  end(): void;
}

/**
 * Puts contents (see `frame.ts`) into a batch of blobs. Each must be one of `expected`, which has the bytes of each
 * by its hash, and come once.
 */
export function openContents(expected: HashTable, batch: BlobBatch): Contents {
  const header = Buffer.alloc(FRAME_HEADER);
  const came = new Uint8Array(expected.size);
  let headerBytes = 0;
  let current: { writer: BlobWriter; left: number } | null = null;
  /** Bytes of the content whose header is complete. Throws when it is not expected. */
  const expectedSize = (): number => {
    const place = expected.find(header);
    if (place < 0) throw refusedArchive('it has a content that is not in the listing, or not missing');
    if (came[place] === 1) throw refusedArchive('it has a content twice');
    const size = header.readDoubleLE(32);
    const said = expected.get(place, 0);
    if (size !== said) throw refusedArchive(`a content has ${size} bytes, the listing says ${said}`);
    came[place] = 1;
    return size;
  };
  const keepOrRefuse = (isKept: boolean) => {
    if (!isKept) throw refusedArchive('a content is not the one announced');
    headerBytes = 0;
    current = null;
  };
  /** Returns how much of the chunk was used. */
  const step = (chunk: Buffer, at: number): number => {
    if (headerBytes < FRAME_HEADER) {
      const used = chunk.copy(
        header,
        headerBytes,
        at,
        Math.min(chunk.length, at + FRAME_HEADER - headerBytes),
      );
      headerBytes += used;
      if (headerBytes < FRAME_HEADER) return used;
      const size = expectedSize();
      const start = at + used;
      if (size < LARGE_BYTES && start + size <= chunk.length) {
        keepOrRefuse(batch.keep(chunk.subarray(start, start + size), header.subarray(0, 32)));
        return used + size;
      }
      current = { writer: batch.write(size), left: size };
      return used;
    }
    if (current === null) throw new Error('a content without a header');
    const part = chunk.subarray(at, at + current.left);
    current.writer.append(part);
    current.left -= part.length;
    if (current.left === 0) keepOrRefuse(current.writer.keepIf(header.toString('hex', 0, 32)));
    return part.length;
  };
  return {
    write(chunk) {
      for (let at = 0; at < chunk.length;) at += step(chunk, at);
    },
    end() {
      if (headerBytes > 0) throw refusedArchive('it ends within a content');
    },
  };
}
