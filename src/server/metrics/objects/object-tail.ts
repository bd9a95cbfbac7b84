import { isSettled, newTail, type Tail, type TailEnd, type TailTaken } from '../tail.ts';

/** An object as it was listed. */
export interface SeenObject {
  etag: string;
  /** Bytes. */
  size: number;
}

/** Reads of one look, and what bounds them. */
export interface ObjectReads {
  /** At most `length` bytes from `start` on; null: it is not there, or ends before. */
  read(range: { start: number; length: number }): Promise<Buffer | null>;
  /** Whether so many more bytes may be asked for in this look. */
  isAllowed(bytes: number): boolean;
  /** So many bytes were read in vain: what they were of is another object now. */
  readAgain(bytes: number): void;
}

/** Each request costs a round trip, so more is read at once than of a file. */
const FIRST_CHUNK = 256 * 1024;
const LARGEST_CHUNK = 4 * 1024 * 1024;
/** Bytes before the offset that are compared: they end with a checksum, or a line. */
const COMPARED = 256;

/**
 * What `readOn` is for files, for an object. Objects are never appended to: who writes on writes all of it anew, with another ETag.
 * With each request for what is new come the last bytes that were read: if they are others, so is the object (`shrunk`), and it
 * is read from its beginning.
 */
export async function readObjectOn(
  { etag, size }: SeenObject,
  tail: Tail,
  { take, reads }: { take: (bytes: Buffer) => TailTaken; reads: ObjectReads },
): Promise<TailEnd> {
  const isSame = tail.object?.etag === etag;
  if (isSame && isSettled(tail, size)) return 'read';
  const isFirst = tail.object === undefined;
  let end: TailEnd = 'read';
  let isCompared = isSame;
  const anew = () => {
    if (!isFirst) {
      reads.readAgain(tail.offset);
      end = 'shrunk';
    }
    Object.assign(tail, {
      ...newTail(),
      inode: tail.inode + 1,
      object: { etag: '', before: new Uint8Array(0) },
    });
    isCompared = true;
  };
  if (isFirst || size < tail.seen) anew();
  for (let chunk = FIRST_CHUNK; !isCompared || size - tail.offset >= tail.needed; chunk *= 2) {
    const before = tail.object?.before ?? new Uint8Array(0);
    const wanted = Math.min(Math.max(tail.needed, Math.min(chunk, LARGEST_CHUNK)), size - tail.offset);
    const length = before.length + Math.max(wanted, 0);
    // A long record was passed over, and what follows it is not there.
    if (length === 0) break;
    if (!reads.isAllowed(length)) return end;
    const found = await reads.read({ start: tail.offset - before.length, length });
    if (found === null) return 'absent';
    if (!before.every((byte, index) => found[index] === byte)) {
      // It was written anew while it was read: the next look begins at its beginning.
      if (isCompared && tail.object !== undefined) {
        tail.object.etag = '';
        return end;
      }
      anew();
      continue;
    }
    isCompared = true;
    if (!takeNew(tail, { found, before: before.length, take })) break;
  }
  Object.assign(tail, { seen: size });
  if (tail.object !== undefined) tail.object.etag = etag;
  return end;
}

/** False: nothing more can be made of what is there. */
function takeNew(
  tail: Tail,
  { found, before, take }: { found: Buffer; before: number; take: (bytes: Buffer) => TailTaken },
): boolean {
  const bytes = found.subarray(before);
  if (bytes.length === 0) return false;
  const { consumed, needed } = take(bytes);
  tail.offset += consumed;
  tail.needed = consumed > 0 ? 1 : needed;
  if (consumed > bytes.length && tail.object !== undefined) tail.object.before = new Uint8Array(0);
  else if (consumed > 0 && tail.object !== undefined)
    tail.object.before = Uint8Array.from(
      found.subarray(Math.max(0, before + consumed - COMPARED), before + consumed),
    );
  return consumed > 0 || needed > bytes.length;
}
