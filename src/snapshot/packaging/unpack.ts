import { readdir, rename, rm, rmdir, mkdir } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { asHere } from '../../base/io/archive/names.ts';
import { ifThere } from '../../base/io/files.ts';
import { placeBeside } from '../../base/io/place.ts';
import { AichorError } from '../../errors.ts';
import { LAST_OF_CODE } from '../listing/code-archive.ts';

/** What was unpacked. */
export interface Unpacked {
  files: number;
  bytes: number;
}

/**
 * Unpacks an archive of code into a folder, which is there afterwards as a whole or not at all.
 *
 * @param archive asked for when the folder may be written
 * @throws AichorError `conflict` when something is in the folder, `server_error` for an archive that is not whole
 */
export async function unpackCode(archive: () => Promise<Readable>, folder: string): Promise<Unpacked> {
  const place = resolve(folder);
  const there = await ifThere(readdir(place));
  if (there !== null && there.length > 0)
    throw new AichorError('conflict', `there is something in ${place} already`, {
      hint: 'give another folder with --to',
    });
  const beside = placeBeside(place, `.part-${randomUUID().slice(0, 8)}`);
  await mkdir(beside, { recursive: true });
  try {
    const unpacked = await unpackInto(beside, await archive());
    if (there !== null) await rmdir(place);
    await rename(beside, place);
    return unpacked;
  } finally {
    // What was begun before a failure is still being written.
    await rm(beside, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function unpackInto(folder: string, archive: Readable): Promise<Unpacked> {
  const { Unpack } = await import('tar');
  const unpacked: Unpacked = { files: 0, bytes: 0 };
  let isWhole = false;
  const unpacking = new Unpack({
    cwd: folder,
    strict: true,
    noMtime: true,
    preserveOwner: false,
    filter(path, entry) {
      if (path === LAST_OF_CODE) isWhole = true;
      else if ('type' in entry && entry.type !== 'Directory') {
        unpacked.files++;
        unpacked.bytes += entry.size;
      }
      if ('type' in entry) entry.path = asHere(path);
      return path !== LAST_OF_CODE;
    },
  });
  await pipeline(archive, unpacking);
  if (!isWhole)
    throw new AichorError('server_error', 'the archive of the code ended before its end', {
      hint: `try again: ${join(folder, '..')} is as it was`,
    });
  return unpacked;
}
