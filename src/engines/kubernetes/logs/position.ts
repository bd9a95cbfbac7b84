import { FNV_START, fnvNext } from '../../../base/text/hash.ts';
import type { Stamp } from './stamp.ts';

/** Lines in a row with the same stamp. */
export interface Run {
  readonly stamp: Stamp;
  times: number;
}

/**
 * How far a container's log was taken, always at the end of a line, and how to find that place again: `sinceTime`
 * counts whole seconds, and a kubelet leaves out each line that is older. Bytes that the file has beyond `offset`
 * are the first ones that follow in the log.
 */
export interface Position {
  /** What to ask for: lines since this second (since 1970); null: all there are. */
  since: number | null;
  /** Lines of that answer that were taken already, … */
  count: number;
  /** … the first of which has this stamp. Null: none, or unknown. */
  first: Stamp | null;
  /** Lines that were taken of what the kubelet gives without `since`, … */
  total: number;
  /** … the first of which has this stamp. Null: none, or unknown. */
  oldest: Stamp | null;
  /** The last lines that were taken, in their order; at most `KEPT_RUNS`. */
  recent: readonly Run[];
  /** Of the line that had begun but not ended. */
  next: Stamp | null;
  /** Where this container's bytes begin in the file of its source. */
  base: number;
  /** Where the next line's bytes belong in that file. */
  offset: number;
  /** Bytes of the file, somewhere after `offset`, that this log does not have: where it ceased to repeat another. */
  foreign: number;
  /** The log was read to its end. */
  done: boolean;
}

export const KEPT_RUNS = 32;

const HEAD_NUMBERS = 14;
const RUNS_AT = HEAD_NUMBERS * 8 + 4;
const RUN_BYTES = 16;
const CHECKSUM_AT = RUNS_AT + KEPT_RUNS * RUN_BYTES;

/** Bytes of an encoded position. */
export const POSITION_BYTES = CHECKSUM_AT + 4;

/** Nothing was taken yet; its bytes will begin at `base`. */
export function beginning(base: number): Position {
  const nothing = { since: null, count: 0, first: null, total: 0, oldest: null, recent: [], next: null };
  return { ...nothing, base, offset: base, foreign: 0, done: false };
}

/** Little-endian: 64-bit floats (NaN: null), the number of runs, the runs, a checksum. */
export function encodePosition(position: Position, sequence: number): Buffer {
  const buffer = Buffer.alloc(POSITION_BYTES);
  const { first, oldest, recent, next } = position;
  const head = [sequence, position.since, position.count, first?.seconds, first?.nanos, position.total];
  head.push(
    oldest?.seconds,
    oldest?.nanos,
    position.base,
    position.offset,
    position.foreign,
    position.done ? 1 : 0,
    next?.seconds,
    next?.nanos,
  );
  head.forEach((value, index) => buffer.writeDoubleLE(value ?? Number.NaN, index * 8));
  buffer.writeUInt32LE(recent.length, HEAD_NUMBERS * 8);
  recent.forEach(({ stamp, times }, index) => {
    const at = RUNS_AT + index * RUN_BYTES;
    buffer.writeDoubleLE(stamp.seconds, at);
    buffer.writeUInt32LE(stamp.nanos, at + 8);
    buffer.writeUInt32LE(times, at + 12);
  });
  buffer.writeUInt32LE(checksum(buffer), CHECKSUM_AT);
  return buffer;
}

/** Null for bytes that are none: never written, or torn. */
export function decodePosition(buffer: Buffer): { position: Position; sequence: number } | null {
  if (buffer.length < POSITION_BYTES || buffer.readUInt32LE(CHECKSUM_AT) !== checksum(buffer)) return null;
  const number = (index: number): number => buffer.readDoubleLE(index * 8);
  const stamp = (index: number): Stamp | null =>
    Number.isNaN(number(index)) ? null : { seconds: number(index), nanos: number(index + 1) };
  const recent: Run[] = [];
  for (let index = 0; index < buffer.readUInt32LE(HEAD_NUMBERS * 8); index++) {
    const at = RUNS_AT + index * RUN_BYTES;
    const [nanos, times] = [buffer.readUInt32LE(at + 8), buffer.readUInt32LE(at + 12)];
    recent.push({ stamp: { seconds: buffer.readDoubleLE(at), nanos }, times });
  }
  const since = Number.isNaN(number(1)) ? null : number(1);
  const taken = {
    since,
    count: number(2),
    first: stamp(3),
    total: number(5),
    oldest: stamp(6),
    recent,
    next: stamp(12),
  };
  const place = { base: number(8), offset: number(9), foreign: number(10) };
  return { sequence: number(0), position: { ...taken, ...place, done: number(11) === 1 } };
}

/** FNV-1a over all that comes before it. An empty slot has none. */
function checksum(buffer: Buffer): number {
  let hash = FNV_START;
  for (let at = 0; at < CHECKSUM_AT; at += 4) hash = fnvNext(hash, buffer.readUInt32LE(at));
  return hash;
}
