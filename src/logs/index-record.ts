import { FNV_START, fnvNext } from '../base/text/hash.ts';

/**
 * One entry of a log's index: which bytes of which source are which lines. Little-endian, fixed size:
 * first, offset, time as 64-bit floats; lines, source, length (top bit: partial), checksum as 32-bit integers.
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
}

export const RECORD_BYTES = 40;

const PARTIAL = 0x8000_0000;

export function encodeRecord(record: IndexRecord, view: DataView, at: number): void {
  view.setFloat64(at, record.first, true);
  view.setFloat64(at + 8, record.offset, true);
  view.setFloat64(at + 16, record.time, true);
  view.setUint32(at + 24, record.lines, true);
  view.setUint32(at + 28, record.source, true);
  view.setUint32(at + 32, record.length + (record.partial ? PARTIAL : 0), true);
  view.setUint32(at + 36, checksum(view, at), true);
}

/** Null for bytes that are no record: a torn write, or what a file system left after a power cut. */
export function decodeRecord(view: DataView, at: number): IndexRecord | null {
  if (view.getUint32(at + 36, true) !== checksum(view, at)) return null;
  const length = view.getUint32(at + 32, true);
  return {
    first: view.getFloat64(at, true),
    offset: view.getFloat64(at + 8, true),
    time: view.getFloat64(at + 16, true),
    lines: view.getUint32(at + 24, true),
    source: view.getUint32(at + 28, true),
    length: length % PARTIAL,
    partial: length >= PARTIAL,
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
