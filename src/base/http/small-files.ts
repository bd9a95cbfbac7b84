/**
 * Small files on their way, one after another: the length of a path (four bytes, little-endian) and of a content (a double,
 * -1: there is none), then both. One request for hundreds of them costs hardly more than a request for one.
 */
export interface SmallFile {
  path: string;
  /** Null: it is not among them; whoever wants it asks for it by itself. */
  content: Uint8Array | null;
}

export const SMALL_FILES_TYPE = 'application/x-aichor-files';
/** Larger files go by themselves. */
export const SMALL_FILE = 1024 * 1024;

const HEADER = 12;
const LONGEST_PATH = 16 * 1024;
const NONE = -1;

/** What came is cut off, or is something else. */
export class NoSmallFiles extends Error {
  override readonly name = 'NoSmallFiles';
}

/** Bytes that a file takes on its way. @param bytes of its content */
export function bytesOnTheWay(path: string, bytes: number): number {
  return HEADER + Buffer.byteLength(path) + bytes;
}

/** Writes what stands before a content. Returns where that begins. */
export function writeSmallHead(
  target: Buffer,
  at: number,
  { path, bytes }: { path: string; bytes: number | null },
): number {
  const length = target.write(path, at + HEADER, 'utf8');
  target.writeUInt32LE(length, at);
  target.writeDoubleLE(bytes ?? NONE, at + 4);
  return at + HEADER + length;
}

/** Pieces of about so many bytes are written at once. */
const PIECE = 128 * 1024;

/** The files as they go over a network, in pieces that are worth a write. */
export async function* packSmallFiles(files: AsyncIterable<SmallFile>): AsyncGenerator<Buffer> {
  let [pieces, bytes]: [Uint8Array[], number] = [[], 0];
  for await (const { path, content } of files) {
    const head = Buffer.allocUnsafe(bytesOnTheWay(path, 0));
    writeSmallHead(head, 0, { path, bytes: content === null ? null : content.length });
    pieces.push(head, ...(content === null ? [] : [content]));
    bytes += head.length + (content?.length ?? 0);
    if (bytes < PIECE) continue;
    yield Buffer.concat(pieces, bytes);
    [pieces, bytes] = [[], 0];
  }
  if (bytes > 0) yield Buffer.concat(pieces, bytes);
}

/** The files again, each as soon as it is whole. Throws NoSmallFiles. */
export async function* readSmallFiles(packed: AsyncIterable<Uint8Array>): AsyncGenerator<SmallFile> {
  let rest: Buffer = Buffer.alloc(0);
  let [pieces, bytes, wanted]: [Uint8Array[], number, number] = [[], 0, HEADER];
  for await (const piece of packed) {
    pieces.push(piece);
    bytes += piece.length;
    if (bytes < wanted) continue;
    rest = pieces.length === 1 ? asBuffer(piece) : Buffer.concat(pieces, bytes);
    let at = 0;
    for (;;) {
      const file = fileAt(rest, at);
      wanted = file.end - at;
      if (file.end > rest.length || file.found === null) break;
      yield file.found;
      at = file.end;
    }
    rest = rest.subarray(at);
    [pieces, bytes] = [rest.length === 0 ? [] : [rest], rest.length];
  }
  if (bytes > 0) throw new NoSmallFiles('the files end within one');
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Where the file that begins there ends, as far as that can be said; null: more has to come. */
function fileAt(bytes: Buffer, at: number): { end: number; found: SmallFile | null } {
  if (bytes.length < at + HEADER) return { end: at + HEADER, found: null };
  const [path, content] = [bytes.readUInt32LE(at), bytes.readDoubleLE(at + 4)];
  const isOne = path > 0 && path <= LONGEST_PATH && Number.isInteger(content) && content >= NONE;
  if (!isOne || content > SMALL_FILE) throw new NoSmallFiles('the files are not packed as such');
  const start = at + HEADER + path;
  const end = start + Math.max(0, content);
  if (bytes.length < end) return { end, found: null };
  const name = bytes.toString('utf8', at + HEADER, start);
  return { end, found: { path: name, content: content === NONE ? null : bytes.subarray(start, end) } };
}
