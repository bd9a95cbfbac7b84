import { createHash, hash, randomUUID } from 'node:crypto';
import {
  closeSync,
  fstatSync,
  linkSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
  type Stats,
} from 'node:fs';
import { copyFile, link, open, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isDiskFull } from '../../base/io/disk-full.ts';
import { isAbsent, isBelowFile } from '../../base/io/files-sync.ts';
import { ifThere } from '../../base/io/files.ts';
import { systemErrorCode } from '../../errors.ts';
import { createChecksum, type ChecksumName } from '../wire/checksum.ts';
import { S3Error } from '../wire/s3-error.ts';

/** What came, under a name of its own: nobody sees it until it is placed. */
export interface Incoming {
  file: string;
  /** Of the file, as it was written. */
  look: Stats;
  bytes: number;
  /** In hex. */
  md5: string;
  checksums: Partial<Record<ChecksumName, string>>;
  /** In hex; null: not asked for. */
  sha256: string | null;
}

interface ReceiveOptions {
  checksums: readonly ChecksumName[];
  sha256: boolean;
}

/** Small pieces are written together; what is no larger as a whole is written at once, when it has come. */
export const GATHERED = 256 * 1024;

/** What is known of a small body before it is a file. */
export type Digests = Pick<Incoming, 'bytes' | 'md5' | 'checksums' | 'sha256'>;

export function digestsOf(content: Uint8Array, { checksums, sha256 }: ReceiveOptions): Digests {
  const values: Digests['checksums'] = {};
  for (const name of checksums) {
    const checksum = createChecksum(name);
    checksum.update(content);
    values[name] = checksum.value();
  }
  return {
    bytes: content.length,
    md5: hash('md5', content, 'hex'),
    checksums: values,
    sha256: sha256 ? hash('sha256', content, 'hex') : null,
  };
}

/** Writes a small body to a file of its own in `folder`, without waiting. */
export function receiveAtOnce(
  folder: string,
  content: Uint8Array,
  { bytes, md5, checksums, sha256 }: Digests,
): Incoming {
  const file = join(folder, randomUUID());
  try {
    return { file, look: writeAtOnce(file, content), bytes, md5, checksums, sha256 };
  } catch (error) {
    rmSync(file, { force: true });
    throw isDiskFull(error) ? new S3Error('InsufficientStorage') : error;
  }
}

/** Writes a body to a file of its own in `folder`. A body that breaks off leaves nothing. */
export async function receive(
  folder: string,
  body: AsyncIterable<Uint8Array>,
  { checksums, sha256 }: ReceiveOptions,
): Promise<Incoming> {
  const md5 = createHash('md5');
  const sha = sha256 ? createHash('sha256') : null;
  const asked = checksums.map((name) => [name, createChecksum(name)] as const);
  const written = await writeBody(folder, body, (piece) => {
    md5.update(piece);
    sha?.update(piece);
    for (const [, checksum] of asked) checksum.update(piece);
  });
  return {
    ...written,
    md5: md5.digest('hex'),
    checksums: Object.fromEntries(asked.map(([name, checksum]) => [name, checksum.value()])),
    sha256: sha?.digest('hex') ?? null,
  };
}

/** The same, of which nothing is to be known but what `see` makes of its pieces. */
export async function writeBody(
  folder: string,
  body: AsyncIterable<Uint8Array>,
  see: (piece: Uint8Array) => void,
): Promise<Pick<Incoming, 'file' | 'look' | 'bytes'>> {
  const writer = createWriter(join(folder, randomUUID()));
  let bytes = 0;
  try {
    for await (const piece of body) {
      see(piece);
      bytes += piece.length;
      await writer.add(piece);
    }
    return { file: writer.file, look: await writer.end(), bytes };
  } catch (error) {
    await writer.abandon();
    throw isDiskFull(error) ? new S3Error('InsufficientStorage') : error;
  }
}

/** Writes pieces into a new file, which is not made before there is enough to be written. */
function createWriter(file: string) {
  let handle: FileHandle | null = null;
  let [waiting, gathered]: [Uint8Array[], number] = [[], 0];
  const take = () => {
    const all = waiting.length === 1 ? (waiting[0] as Uint8Array) : Buffer.concat(waiting, gathered);
    [waiting, gathered] = [[], 0];
    return all;
  };
  return {
    file,
    async add(piece: Uint8Array): Promise<void> {
      waiting.push(piece);
      gathered += piece.length;
      if (gathered < GATHERED) return;
      handle ??= await open(file, 'wx', 0o644);
      const pieces = waiting;
      const length = gathered;
      [waiting, gathered] = [[], 0];
      // As they are: putting them together first would copy every byte once more.
      const { bytesWritten } = await handle.writev(pieces);
      if (bytesWritten < length) await handle.appendFile(Buffer.concat(pieces).subarray(bytesWritten));
    },
    async end(): Promise<Stats> {
      if (handle === null) return writeAtOnce(file, take());
      if (gathered > 0) await handle.appendFile(take());
      const look = await handle.stat();
      await handle.close();
      handle = null;
      return look;
    },
    async abandon(): Promise<void> {
      await handle?.close();
      await rm(file, { force: true });
    },
  };
}

function writeAtOnce(file: string, content: Uint8Array): Stats {
  const descriptor = openSync(file, 'wx', 0o644);
  try {
    for (let at = 0; at < content.length;) at += writeSync(descriptor, content, at);
    return fstatSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** How often a folder may vanish between its making and its use: whoever deletes its last file removes it. */
const TRIES = 6;

/**
 * Gives what came its name, all at once and without waiting. With `fresh` only where nothing has the name.
 *
 * @returns what the file is then; null: the name is on another disk, which takes `placeAcross`
 * @throws S3Error `PreconditionFailed` when something has it, `KeyIsTaken` where a file stands in the place of a folder
 */
export function placeAtOnce(
  { file, look }: Pick<Incoming, 'file' | 'look'>,
  target: string,
  { fresh }: { fresh: boolean },
): Stats | null {
  for (let left = TRIES; ; left--) {
    try {
      if (left < TRIES) mkdirSync(dirname(target), { recursive: true });
      if (!fresh) renameSync(file, target);
      else {
        linkSync(file, target);
        rmSync(file, { force: true });
      }
      return look;
    } catch (error) {
      const code = systemErrorCode(error);
      if (isAbsent(error) && !isBelowFile(error) && left > 1) continue;
      if (code === 'EXDEV') return null;
      rmSync(file, { force: true });
      throw placingError(error, { fresh });
    }
  }
}

/** The same where outputs lie on another disk. */
export async function placeAcross(
  { file }: Pick<Incoming, 'file'>,
  target: string,
  { fresh }: { fresh: boolean },
): Promise<Stats> {
  const beside = join(dirname(target), `${HIDDEN}${randomUUID()}`);
  try {
    await copyFile(file, beside);
    const look = await stat(beside);
    if (!fresh) await rename(beside, target);
    else await link(beside, target);
    return look;
  } catch (error) {
    throw placingError(error, { fresh });
  } finally {
    await rm(beside, { force: true });
    await rm(file, { force: true });
  }
}

/** Names that are on their way: no list shows them. */
export const HIDDEN = '.aichor-s3-';

function placingError(error: unknown, { fresh }: { fresh: boolean }): unknown {
  const code = systemErrorCode(error);
  if (code === 'EEXIST' && fresh) return new S3Error('PreconditionFailed');
  if (isBelowFile(error) || code === 'EEXIST' || code === 'EISDIR' || code === 'ENOTEMPTY')
    return new S3Error('KeyIsTaken');
  if (code === 'ENAMETOOLONG') return new S3Error('KeyTooLongError');
  return isDiskFull(error) ? new S3Error('InsufficientStorage') : error;
}

export async function removeIfThere(file: string): Promise<void> {
  await ifThere(rm(file));
}
