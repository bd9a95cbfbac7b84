import { pipeline, type Duplex, type Readable } from 'node:stream';
import * as zlib from 'node:zlib';

/** What the types of the oldest Node do not have. */
interface ZlibOfNode {
  gunzip: unknown;
  createZstdDecompress?: () => Duplex;
}

const { createZstdDecompress }: ZlibOfNode = zlib;

const UNPACKERS = new Map<string, () => Duplex>([
  ...(createZstdDecompress === undefined ? [] : [['zstd', createZstdDecompress] as const]),
  ['br', () => zlib.createBrotliDecompress()],
  ['gzip', () => zlib.createGunzip()],
]);

/** Encodings that `unpacked` understands, for `Accept-Encoding`, the best first. */
export const ACCEPTED = [...UNPACKERS.keys()].join(', ');

/** A body as it was before it was packed; the same one when it was not. When one of the two breaks, so does the other. */
export function unpacked(body: Readable, encoding: string | string[] | undefined): Readable {
  const unpacker = typeof encoding === 'string' ? UNPACKERS.get(encoding.toLowerCase())?.() : undefined;
  if (unpacker === undefined) return body;
  // Whoever reads sees the error; a reader that goes away ends the body.
  pipeline(body, unpacker, () => undefined);
  return unpacker;
}
