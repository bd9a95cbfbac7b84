import { Header } from 'tar';

/** Archives are made of blocks of this many bytes. */
export const TAR_BLOCK = 512;

/** Two empty blocks end an archive. */
export const TAR_END: Buffer = Buffer.alloc(2 * TAR_BLOCK);

/** What an archive says of a file; nothing of who owns it or when it was written, so that equal files make equal bytes. */
export interface TarEntry {
  path: string;
  /** Bytes. */
  size: number;
  /** Permissions; 0644 unless said. */
  mode?: number;
}

/**
 * Writes a file's header into a block of zeros or anything else.
 *
 * @param block `TAR_BLOCK` bytes
 * @returns false when a plain header cannot hold the path (more than 100 bytes that cannot be divided at a slash, or
 *   not ASCII): then the block says nothing of use
 */
export function writeTarHeader({ path, size, mode = 0o644 }: TarEntry, block: Buffer): boolean {
  block.fill(0);
  const header = new Header({ path, size, mode, type: 'File', uid: 0, gid: 0, mtime: new Date(0) });
  return !header.encode(block);
}

/** Path and size that a header block tells of a file; null for a block that is no header of one. */
export function readTarHeader(block: Buffer): { path: string; size: number } | null {
  const { path, size, type, cksumValid } = new Header(block);
  return cksumValid && type === 'File' && path !== undefined && size !== undefined ? { path, size } : null;
}

/** Bytes of zeros after a content of this many bytes. */
export function tarPadding(size: number): number {
  return (TAR_BLOCK - (size % TAR_BLOCK)) % TAR_BLOCK;
}
