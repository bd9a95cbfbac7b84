import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ifThere } from '../../base/io/files.ts';
import { place } from '../../base/io/place.ts';
import { checksumOfParts, createChecksum, type ChecksumName } from '../wire/checksum.ts';
import { S3Error } from '../wire/s3-error.ts';
import { writeBody, type Incoming } from './incoming.ts';

/** What was said when a multipart upload began. */
export interface UploadStart {
  bucket: string;
  key: string;
  contentType: string | null;
  headers: Record<string, string>;
  checksum: ChecksumName | null;
  checksumType: 'FULL_OBJECT' | 'COMPOSITE';
}

export interface UploadedPart {
  number: number;
  etag: string;
  bytes: number;
  checksum: string | null;
  modified: Date;
}

/** A part as a client names it at the end. */
export interface PartAsked {
  number: number;
  etag: string;
}

const ID = /^[0-9a-f]{32}$/;
const SMALLEST_PART = 5 << 20;
const MOST_PARTS = 10_000;

/** Multipart uploads, a folder each: what they began with, and a file for each part. They survive the process. */
export function createUploads(folder: string) {
  const pathOf = (id: string) => {
    if (!ID.test(id)) throw new S3Error('NoSuchUpload');
    return join(folder, id);
  };

  async function startOf(id: string, at: { bucket: string; key: string }): Promise<UploadStart> {
    const text = await ifThere(readFile(join(pathOf(id), 'upload.json'), 'utf8'));
    const start = text === null ? null : (JSON.parse(text) as UploadStart);
    if (start === null || start.bucket !== at.bucket || start.key !== at.key)
      throw new S3Error('NoSuchUpload');
    return start;
  }

  async function partsOf(id: string): Promise<UploadedPart[]> {
    const names = (await ifThere(readdir(pathOf(id)))) ?? [];
    const parts = new Map<number, UploadedPart>();
    for (const name of names) {
      const part = await readPart(join(pathOf(id), name), name);
      if (part === null) continue;
      const other = parts.get(part.number);
      // Both of two that were sent under one number, for a moment.
      if (other === undefined || other.modified < part.modified) parts.set(part.number, part);
    }
    return [...parts.values()].sort((one, other) => one.number - other.number);
  }

  return {
    startOf,
    partsOf,
    async begin(start: UploadStart): Promise<string> {
      const id = randomBytes(16).toString('hex');
      await mkdir(pathOf(id), { recursive: true, mode: 0o700 });
      await place(join(pathOf(id), 'upload.json'), JSON.stringify(start));
      return id;
    },
    async list(): Promise<{ id: string; start: UploadStart; began: Date }[]> {
      const found = [];
      for (const id of ((await ifThere(readdir(folder))) ?? []).filter((name) => ID.test(name)).sort()) {
        const file = join(folder, id, 'upload.json');
        const [text, look] = await Promise.all([ifThere(readFile(file, 'utf8')), ifThere(stat(file))]);
        if (text !== null && look !== null)
          found.push({ id, start: JSON.parse(text) as UploadStart, began: look.mtime });
      }
      return found;
    },
    /** Keeps a part that came; the one that had its number goes. */
    async keep(
      id: string,
      number: number,
      { file, md5, bytes, checksum }: Incoming & { checksum: string | null },
    ) {
      if (!Number.isInteger(number) || number < 1 || number > MOST_PARTS) {
        await rm(file, { force: true });
        throw new S3Error('InvalidArgument', `parts have numbers from 1 to ${MOST_PARTS}`);
      }
      const name = partName({ number, etag: md5, bytes, checksum });
      const before = (await ifThere(readdir(pathOf(id)))) ?? [];
      await rename(file, join(pathOf(id), name));
      for (const other of before)
        if (other !== name && other.startsWith(`${number}-`))
          await rm(join(pathOf(id), other), { force: true });
    },
    /** All parts in one file, with the checksum that was asked for. */
    async join(
      id: string,
      asked: readonly PartAsked[],
      { start, incoming }: { start: UploadStart; incoming: string },
    ): Promise<Pick<Incoming, 'file' | 'look'> & { etag: string; checksum: string | null }> {
      const parts = chosen(await partsOf(id), asked);
      const files = parts.map((part) => join(pathOf(id), partName(part)));
      // What the object is called by follows from its parts: of the whole only a checksum of its own is reckoned.
      const whole =
        start.checksumType === 'FULL_OBJECT' && start.checksum !== null
          ? createChecksum(start.checksum)
          : null;
      const { file, look } = await writeBody(incoming, contentsOf(files), (piece) => whole?.update(piece));
      const checksum = whole?.value() ?? checksumFromParts(start.checksum, parts);
      return { file, look, etag: etagOfParts(parts.map(({ etag }) => etag)), checksum };
    },
    async end(id: string): Promise<void> {
      await rm(pathOf(id), { recursive: true, force: true });
    },
  };
}

export type Uploads = ReturnType<typeof createUploads>;

/** The parts that a client names, if they can be one object. */
function chosen(parts: readonly UploadedPart[], asked: readonly PartAsked[]): UploadedPart[] {
  const there = new Map(parts.map((part) => [part.number, part]));
  if (asked.length === 0) throw new S3Error('MalformedXML', 'no part is named');
  if (asked.some(({ number }, index) => index > 0 && number <= (asked[index - 1]?.number ?? 0)))
    throw new S3Error('InvalidPartOrder');
  return asked.map(({ number, etag }, index) => {
    const part = there.get(number);
    if (part === undefined || part.etag !== etag) throw new S3Error('InvalidPart');
    if (index < asked.length - 1 && part.bytes < SMALLEST_PART) throw new S3Error('EntityTooSmall');
    return part;
  });
}

/** As Amazon makes it, so that who has the parts can tell it. */
export function etagOfParts(etags: readonly string[]): string {
  const hash = createHash('md5');
  for (const etag of etags) hash.update(Buffer.from(etag, 'hex'));
  return `${hash.digest('hex')}-${etags.length}`;
}

/** Null: none was asked for, or a part has none. */
function checksumFromParts(name: ChecksumName | null, parts: readonly UploadedPart[]): string | null {
  const values = parts.flatMap(({ checksum }) => checksum ?? []);
  if (name === null || values.length < parts.length) return null;
  return `${checksumOfParts(name, values)}-${parts.length}`;
}

async function* contentsOf(files: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const file of files) yield* createReadStream(file, { highWaterMark: 1 << 20 });
}

/** All that is known of a part stands in its name, so that both come at once. */
function partName({
  number,
  etag,
  bytes,
  checksum,
}: Pick<UploadedPart, 'number' | 'etag' | 'bytes' | 'checksum'>): string {
  const said = checksum === null ? '' : Buffer.from(checksum, 'base64').toString('hex');
  return `${number}-${bytes}-${etag}-${said}`;
}

async function readPart(path: string, name: string): Promise<UploadedPart | null> {
  const [, number, bytes, etag, said] = /^(\d+)-(\d+)-([0-9a-f]{32})-([0-9a-f]*)$/.exec(name) ?? [];
  if (number === undefined || etag === undefined) return null;
  const look = await ifThere(stat(path));
  if (look === null) return null;
  const checksum = said === '' || said === undefined ? null : Buffer.from(said, 'hex').toString('base64');
  return { number: Number(number), bytes: Number(bytes), etag, checksum, modified: look.mtime };
}
