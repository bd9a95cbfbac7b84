import { FNV_START, fnvNext } from '../base/text/hash.ts';

/**
 * One entry of a log's index: which bytes of which source are which lines, and the sum of those bytes. Little-endian, fixed
 * size: first (48 bits), the upper 16 bits of the time, offset (a 64-bit float), the lower 32 bits of the time, the sum of the
 * bytes, lines, source (top bit: set), length (top bit: partial), checksum of the record.
 *
 * Earlier versions had no sum of the bytes: first, offset, time as 64-bit floats; lines, source (top bit: clear), length, checksum.
 */
export interface IndexRecord {
  /** Sequence of its first line. */
  first: number;
  /** 0: these bytes could not be read, and are no lines. */
  lines: number;
  /** Number of the source in the log's table of sources. */
  source: number;
  offset: number;
  /** Bytes, below 2^31. */
  length: number;
  /** When it was read: milliseconds since 1970. */
  time: number;
  /** A part, not the last, of a long line. */
  partial: boolean;
  /** CRC-32 of the bytes; null: an earlier version wrote it, and nobody knows. */
  sum: number | null;
}

export const RECORD_BYTES = 40;

const PARTIAL = 0x8000_0000;
const SUMMED = 0x8000_0000;
const WORD = 0x1_0000_0000;

export function encodeRecord(record: IndexRecord, view: DataView, at: number): void {
  const { first, time, sum } = record;
  if (sum === null) {
    view.setFloat64(at, first, true);
    view.setFloat64(at + 16, time, true);
  } else {
    view.setUint32(at, first % WORD, true);
    view.setUint16(at + 4, first / WORD, true);
    view.setUint16(at + 6, time / WORD, true);
    view.setUint32(at + 16, time % WORD, true);
    view.setUint32(at + 20, sum, true);
  }
  view.setFloat64(at + 8, record.offset, true);
  view.setUint32(at + 24, record.lines, true);
  view.setUint32(at + 28, record.source + (sum === null ? 0 : SUMMED), true);
  view.setUint32(at + 32, record.length + (record.partial ? PARTIAL : 0), true);
  view.setUint32(at + 36, checksum(view, at), true);
}

/** Null for bytes that are no record: a torn write, or what a file system left after a power cut. */
export function decodeRecord(view: DataView, at: number): IndexRecord | null {
  if (view.getUint32(at + 36, true) !== checksum(view, at)) return null;
  const source = view.getUint32(at + 28, true);
  const length = view.getUint32(at + 32, true);
  const isSummed = source >= SUMMED;
  return {
    first: isSummed
      ? view.getUint16(at + 4, true) * WORD + view.getUint32(at, true)
      : view.getFloat64(at, true),
    offset: view.getFloat64(at + 8, true),
    time: isSummed
      ? view.getUint16(at + 6, true) * WORD + view.getUint32(at + 16, true)
      : view.getFloat64(at + 16, true),
    lines: view.getUint32(at + 24, true),
    source: source % SUMMED,
    length: length % PARTIAL,
    partial: length >= PARTIAL,
    sum: isSummed ? view.getUint32(at + 20, true) : null,
  };
}

/** FNV-1a over the record's 32-bit words. */
function checksum(view: DataView, at: number): number {
  let hash = FNV_START;
  for (let word = 0; word < 9; word++) {
    hash = fnvNext(hash, view.getUint32(at + word * 4, true));
  }
  return hash;
}
