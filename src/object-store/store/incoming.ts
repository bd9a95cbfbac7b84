import { createHash, randomUUID } from 'node:crypto';
import { copyFile, link, mkdir, open, rename, rm } from 'node:fs/promises';
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

/** Small pieces are written together. */
const GATHERED = 256 * 1024;

/** Writes a body to a file of its own in `folder`. A body that breaks off leaves nothing. */
export async function receive(
  folder: string,
  body: AsyncIterable<Uint8Array>,
  { checksums, sha256 }: ReceiveOptions,
): Promise<Incoming> {
  const file = join(folder, randomUUID());
  const md5 = createHash('md5');
  const sha = sha256 ? createHash('sha256') : null;
  const asked = checksums.map((name) => [name, createChecksum(name)] as const);
  const handle = await open(file, 'wx', 0o644);
  let bytes = 0;
  try {
    let waiting: Uint8Array[] = [];
    let gathered = 0;
    const write = async () => {
      if (gathered > 0)
        await handle.appendFile(waiting.length === 1 ? (waiting[0] as Uint8Array) : Buffer.concat(waiting));
      waiting = [];
      gathered = 0;
    };
    for await (const piece of body) {
      md5.update(piece);
      sha?.update(piece);
      for (const [, checksum] of asked) checksum.update(piece);
      bytes += piece.length;
      gathered += piece.length;
      waiting.push(piece);
      if (gathered >= GATHERED) await write();
    }
    await write();
  } catch (error) {
    await handle.close();
    await rm(file, { force: true });
    throw isDiskFull(error) ? new S3Error('InsufficientStorage') : error;
  }
  await handle.close();
  const values = asked.map(([name, checksum]) => [name, checksum.value()]);
  return {
    file,
    bytes,
    md5: md5.digest('hex'),
    checksums: Object.fromEntries(values),
    sha256: sha?.digest('hex') ?? null,
  };
}

/** How often a folder may vanish between its making and its use: whoever deletes its last file removes it. */
const TRIES = 5;

/**
 * Gives what came its name, all at once. With `fresh` only where nothing has the name.
 *
 * @throws S3Error `PreconditionFailed` when something has it, `KeyIsTaken` where a file stands in the place of a folder
 */
export async function placeIncoming(
  file: string,
  target: string,
  { fresh }: { fresh: boolean },
): Promise<void> {
  for (let left = TRIES; ; left--) {
    try {
      await mkdir(dirname(target), { recursive: true });
      if (!fresh) return await rename(file, target);
      await link(file, target);
      return await rm(file, { force: true });
    } catch (error) {
      const code = systemErrorCode(error);
      if (isAbsent(error) && !isBelowFile(error) && left > 1) continue;
      if (code === 'EXDEV') return placeAcross(file, target, { fresh });
      await rm(file, { force: true });
      throw placingError(error, { fresh });
    }
  }
}

/** Outputs may lie on another disk. */
async function placeAcross(file: string, target: string, { fresh }: { fresh: boolean }): Promise<void> {
  const beside = join(dirname(target), `${HIDDEN}${randomUUID()}`);
  try {
    await copyFile(file, beside);
    if (!fresh) await rename(beside, target);
    else await link(beside, target);
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
