/**
 * Contents on their way to a store, one after another: the SHA-256 of each (32 bytes), its length (a double,
 * little-endian), its bytes. No names: a content is its hash, and the listing says where it goes.
 */
export const FRAME_HEADER = 40;
export const FRAME_TYPE = 'application/x-aichor-contents';

export function writeFrameHeader(block: Buffer, at: number, sha256: string, bytes: number): void {
  block.write(sha256, at, 'hex');
  block.writeDoubleLE(bytes, at + 32);
}
