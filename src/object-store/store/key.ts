import { S3Error } from '../wire/s3-error.ts';

const LONGEST_KEY = 1024;
/** What file systems take as one name. */
const LONGEST_SEGMENT = 255;

/**
 * The path of a key below its bucket's folder. A key that ends in a slash stands for a folder.
 *
 * @throws S3Error for keys that cannot be files: `..`, `//`, too long, with NUL
 */
export function pathOfKey(key: string): { path: string; isFolder: boolean } {
  const isFolder = key.endsWith('/');
  const path = isFolder ? key.slice(0, -1) : key;
  if (path === '' || Buffer.byteLength(key) > LONGEST_KEY) throw new S3Error('KeyTooLongError');
  for (const segment of path.split('/')) {
    if (segment === '' || segment === '.' || segment === '..' || segment.includes('\0'))
      throw new S3Error('InvalidArgument', 'keys are paths of files here: no empty part, no "." or ".."');
    if (Buffer.byteLength(segment) > LONGEST_SEGMENT) throw new S3Error('KeyTooLongError');
  }
  return { path, isFolder };
}

/** Order of keys: by their bytes. */
export function compareKeys(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}
