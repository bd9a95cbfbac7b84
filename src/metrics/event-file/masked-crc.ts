import { crc32cIn } from '../../base/text/crc32c.ts';

/** The checksum of the bytes from `start` to `end` as records carry it: rotated, and moved by a constant. Its 32 bits as a signed number. */
export function maskedCrc(view: DataView, start: number, end: number): number {
  const crc = crc32cIn(view, start, end);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) | 0;
}
