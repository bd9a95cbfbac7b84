import { AichorError } from '../../errors.ts';

/** Throws AichorError `usage` for a path that would lead out. */
export function inside(path: string): string {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (path.startsWith('/') || parts.includes('..') || path.includes('\0')) {
    throw new AichorError('usage', `${path} is not a path inside of the storage`, {
      hint: 'give it as storage list prints it: relative, without ".."',
    });
  }
  return parts.join('/');
}

/** The same for a file that is to be. */
export function fileAt(path: string): string {
  const found = inside(path);
  if (found !== '' && !path.endsWith('/')) return found;
  throw new AichorError('usage', `${path === '' ? 'an empty path' : path} is no name for a file`);
}
