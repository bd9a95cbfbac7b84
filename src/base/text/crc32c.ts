/** CRC-32C (Castagnoli), eight bytes a step: on records of 40 bytes several times as fast as calls of native code. */

/** Castagnoli's polynomial, bits reversed. */
const POLYNOMIAL = 0x82f63b78;
const TABLE = makeTable();

/**
 * The checksum of `bytes[start, end)`, unsigned.
 *
 * @param before checksum of what comes before them
 */
export function crc32c(bytes: Uint8Array, start: number, end: number, before = 0): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return crc32cIn(view, start, end, before) >>> 0;
}

/** The same where a view is there already; its 32 bits as a signed number. */
export function crc32cIn(view: DataView, start: number, end: number, before = 0): number {
  let crc = ~before;
  let at = start;
  // Words of four bytes: half the time of single ones.
  for (; at + 8 <= end; at += 8) {
    const first = view.getInt32(at, true) ^ crc;
    const second = view.getInt32(at + 4, true);
    crc =
      (TABLE[1792 + (first & 255)] as number) ^
      (TABLE[1536 + ((first >>> 8) & 255)] as number) ^
      (TABLE[1280 + ((first >>> 16) & 255)] as number) ^
      (TABLE[1024 + (first >>> 24)] as number) ^
      (TABLE[768 + (second & 255)] as number) ^
      (TABLE[512 + ((second >>> 8) & 255)] as number) ^
      (TABLE[256 + ((second >>> 16) & 255)] as number) ^
      (TABLE[second >>> 24] as number);
  }
  if (at + 4 <= end) {
    const word = view.getInt32(at, true) ^ crc;
    crc =
      (TABLE[768 + (word & 255)] as number) ^
      (TABLE[512 + ((word >>> 8) & 255)] as number) ^
      (TABLE[256 + ((word >>> 16) & 255)] as number) ^
      (TABLE[word >>> 24] as number);
    at += 4;
  }
  for (; at < end; at++) crc = (crc >>> 8) ^ (TABLE[(crc ^ view.getUint8(at)) & 255] as number);
  return ~crc;
}

/** Eight tables of 256, one after another: of a byte, of a byte that one more follows, … */
function makeTable(): Int32Array {
  const table = new Int32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    table[byte] = crc;
  }
  for (let index = 256; index < table.length; index++) {
    const before = table[index - 256] as number;
    table[index] = (before >>> 8) ^ (table[before & 255] as number);
  }
  return table;
}
