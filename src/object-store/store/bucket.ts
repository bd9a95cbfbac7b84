import { lstatSync, realpathSync, type Stats } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { ifThereSync } from '../../base/io/files-sync.ts';
import { S3Error } from '../wire/s3-error.ts';
import { pathOfKey } from './key.ts';

/** A folder of this machine under a name of S3. */
export interface Bucket {
  name: string;
  folder: string;
  /** What may be written: keys that begin so; null: nothing. */
  writable: string | null;
}

/*
 * What is looked up by name only is asked for without waiting: it takes some microseconds, and each time that the system's
 * threads are asked instead takes ten times as much of the processor.
 */

/**
 * The file of a key, wherever links lead, and what it is: what leaves the bucket is not there.
 *
 * @throws S3Error `NoSuchKey`, or what is wrong with the key
 */
export function fileOf(bucket: Bucket, key: string): { file: string; look: Stats } {
  const { path, isFolder } = pathOfKey(key);
  const way = walk(bucket.folder, path);
  const found = way.hasLink ? fileBehindLinks(bucket, path) : way;
  // Whoever opened a pipe would wait for somebody to write to it.
  const isAsked = isFolder ? found.look?.isDirectory() : found.look?.isFile();
  if (found.look === null || isAsked !== true) throw new S3Error('NoSuchKey');
  return { file: found.file, look: found.look };
}

function fileBehindLinks(bucket: Bucket, path: string): { file: string; look: Stats | null } {
  const real = realFile(join(bucket.folder, path));
  if (real === null || !isInside(real, bucket)) throw new S3Error('NoSuchKey');
  return { file: real, look: ifThereSync(() => lstatSync(real)) };
}

interface Way {
  file: string;
  /** What stands at its end; null: nothing, or a file stands in the place of a folder. */
  look: Stats | null;
  /** A link is on it, or at its end: it may lead anywhere. */
  hasLink: boolean;
}

/** Looks at each step below a folder: without a link on the way it stays inside, and nobody has to ask where it leads. */
function walk(folder: string, path: string): Way {
  const last = folder.length + 1 + path.length;
  const file = `${folder}/${path}`;
  for (let at = folder.length; ;) {
    const slash = file.indexOf('/', at + 1);
    at = slash < 0 ? last : slash;
    const look = lstatSync(slash < 0 ? file : file.slice(0, at), MAY_BE_ABSENT) ?? null;
    if (look?.isSymbolicLink() === true) return { file, look, hasLink: true };
    if (at === last || look === null) return { file, look, hasLink: false };
    if (!look.isDirectory()) return { file, look: null, hasLink: false };
  }
}

const MAY_BE_ABSENT = { throwIfNoEntry: false } as const;

/**
 * Where a key is written. Folders on the way that are there already lie in the bucket, whatever links say.
 *
 * @throws S3Error `AccessDenied` outside of what may be written
 */
export function placeOf(bucket: Bucket, key: string): { file: string; isFolder: boolean } {
  const { path, isFolder } = pathOfKey(key);
  if (bucket.writable === null || !key.startsWith(bucket.writable))
    throw new S3Error(
      'AccessDenied',
      `these keys write below ${bucket.writable ?? 'nothing of this bucket'} only`,
    );
  const file = join(bucket.folder, path);
  const above = path.lastIndexOf('/');
  if (above < 0 || !walk(bucket.folder, path.slice(0, above)).hasLink) return { file, isFolder };
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    const real = realFile(folder);
    if (real === null && folder.startsWith(bucket.folder)) continue;
    if (real === null || !isInside(real, bucket)) throw new S3Error('AccessDenied');
    return { file, isFolder };
  }
}

function isInside(real: string, { folder }: Bucket): boolean {
  const root = realFile(folder) ?? folder;
  return real === root || real.startsWith(root + sep);
}

/** Null also where a file stands in the place of a folder, or a link leads nowhere. */
function realFile(path: string): string | null {
  try {
    return realpathSync.native(path);
  } catch {
    return null;
  }
}
