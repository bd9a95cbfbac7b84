import { lstat, realpath } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { ifThere } from '../../base/io/files.ts';
import { S3Error } from '../wire/s3-error.ts';
import { pathOfKey } from './key.ts';

/** A folder of this machine under a name of S3. */
export interface Bucket {
  name: string;
  folder: string;
  /** What may be written: keys that begin so; null: nothing. */
  writable: string | null;
}

/**
 * The file of a key, wherever links lead: what leaves the bucket is not there.
 *
 * @throws S3Error `NoSuchKey`, or what is wrong with the key
 */
export async function fileOf(bucket: Bucket, key: string): Promise<string> {
  const { path, isFolder } = pathOfKey(key);
  const file = join(bucket.folder, path);
  const real = await realFile(file);
  if (real === null || !(await isInside(real, bucket))) throw new S3Error('NoSuchKey');
  if (isFolder !== ((await ifThere(lstat(real)))?.isDirectory() ?? false)) throw new S3Error('NoSuchKey');
  return real;
}

/**
 * Where a key is written. Folders on the way that are there already lie in the bucket, whatever links say.
 *
 * @throws S3Error `AccessDenied` outside of what may be written
 */
export async function placeOf(bucket: Bucket, key: string): Promise<{ file: string; isFolder: boolean }> {
  const { path, isFolder } = pathOfKey(key);
  if (bucket.writable === null || !key.startsWith(bucket.writable))
    throw new S3Error(
      'AccessDenied',
      `these keys write below ${bucket.writable ?? 'nothing of this bucket'} only`,
    );
  const file = join(bucket.folder, path);
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    const real = await realFile(folder);
    if (real === null && folder.startsWith(bucket.folder)) continue;
    if (real === null || !(await isInside(real, bucket))) throw new S3Error('AccessDenied');
    return { file, isFolder };
  }
}

async function isInside(real: string, { folder }: Bucket): Promise<boolean> {
  const root = (await realFile(folder)) ?? folder;
  return real === root || real.startsWith(root + sep);
}

/** Null also where a file stands in the place of a folder, or a link leads nowhere. */
async function realFile(path: string): Promise<string | null> {
  try {
    return await ifThere(realpath(path));
  } catch {
    return null;
  }
}
