import type { Content, Hasher } from './hash.ts';
import { unreadable } from './walk.ts';

/** Files up to this size are kept in memory when they have been read, to be sent without reading them again. */
const KEPT_BYTES = 1 << 16;

/** Some files of a list, hashed. */
export interface HashedSlice {
  from: number;
  /** 32 bytes for each file. */
  hashes: Uint8Array;
  /** Bytes that were read of each; -1: it is not there any more, or is something else. */
  sizes: Float64Array;
  /** The contents of those with at most `KEPT_BYTES`, one after the other; null when there was no room for them. */
  contents: Uint8Array | null;
}

interface Slice {
  slice: { from: number; to: number };
  hasher: Hasher;
  /** Bytes of contents that may be kept. */
  room: number;
}

/** Reads and hashes files. Throws AichorError `repository_invalid` naming one that cannot be read. */
export async function hashSlice(
  { root, paths, sizes }: { root: string; paths: readonly string[]; sizes: Float64Array },
  { slice: { from, to }, hasher, room }: Slice,
): Promise<HashedSlice> {
  const hashes = new Uint8Array((to - from) * 32);
  const read = new Float64Array(to - from);
  const kept: Buffer[] = [];
  let bytes = 0;
  for (let at = from; at < to; at++) {
    const path = paths[at] ?? '';
    const content = await contentOf(`${root}/${path}`, { path, bytes: sizes[at] ?? 0, hasher });
    read[at - from] = content?.bytes ?? -1;
    if (content === null) continue;
    hashes.set(content.hash, (at - from) * 32);
    if (room > 0 && isKept(content.bytes) && content.content) {
      kept.push(Buffer.from(content.content));
      bytes += content.bytes;
    }
  }
  return { from, hashes, sizes: read, contents: room > 0 ? joined(kept, bytes) : null };
}

/** Whether the contents of a slice hold a file of this size. */
export function isKept(bytes: number): boolean {
  return bytes >= 0 && bytes <= KEPT_BYTES;
}

function joined(parts: readonly Buffer[], bytes: number): Uint8Array {
  const all = new Uint8Array(bytes);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Null for a file that has gone since it was found, or is something else now: as if it was found later. */
async function contentOf(
  absolute: string,
  { path, bytes, hasher }: { path: string; bytes: number; hasher: Hasher },
): Promise<Content | null> {
  try {
    const content = hasher.hash(absolute, bytes);
    // Most come at once, and a promise for each would take longer than reading them.
    return content instanceof Promise ? await content : content;
  } catch (error) {
    throw unreadable(path, error);
  }
}
