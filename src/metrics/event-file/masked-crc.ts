import { crc32c } from '../../base/text/crc32c.ts';

/** The checksum of `bytes[start, end)` as records carry it: rotated, and moved by a constant. Unsigned. */
export function maskedCrc(bytes: Uint8Array, start: number, end: number): number {
  const crc = crc32c(bytes, start, end);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
