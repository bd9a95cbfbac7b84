import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { ifThere } from '../../base/io/files.ts';
import { AichorError } from '../../errors.ts';

/** A file of this machine that is to be sent. */
export interface LocalFile {
  /** Below what was named, with slashes. */
  path: string;
  place: string;
  bytes: number;
  modified: number;
  /** Another one where its content is. */
  version: string;
}

/**
 * The files of a folder under its name, or the one file, sorted; links are followed, but never in a circle.
 *
 * @param to the folder that they go to instead of one of the folder's name; null: as it is
 * @throws AichorError `not_found`
 */
export async function localFiles(
  name: string,
  { to, onOdd }: { to: string | null; onOdd(path: string): void },
): Promise<LocalFile[]> {
  const place = resolve(name);
  const found = await ifThere(stat(place));
  if (found === null)
    throw new AichorError('not_found', `there is no file or folder ${name} on this machine`, {
      hint: 'name one that is there: aichor storage upload data',
    });
  const top = (to ?? '').replace(/\/+$/, '');
  const files: LocalFile[] = [];
  const below = (folder: string, own: string) => (folder === '' ? own : `${folder}/${own}`);

  async function add(at: string, path: string, through: readonly string[]): Promise<void> {
    const look = await ifThere(stat(at));
    if (look?.isFile() === true) {
      const version = [at, look.dev, look.ino, look.size, look.mtimeMs].join(' ');
      files.push({ path, place: at, bytes: look.size, modified: look.mtimeMs, version });
    } else if (look?.isDirectory() === true) {
      const real = await realpath(at);
      if (through.includes(real)) return onOdd(at);
      for (const own of await readdir(at)) await add(join(at, own), below(path, own), [...through, real]);
    } else onOdd(at);
  }

  if (found.isDirectory()) await add(place, to === null ? basename(place) : top, []);
  else await add(place, below(top, basename(place)), []);
  return files.toSorted((one, other) => (one.path < other.path ? -1 : 1));
}

/** What was sent of it may be neither what it was nor what it is. */
export function changedMeanwhile(place: string): AichorError {
  return new AichorError('conflict', `${place} was changed while it was sent`, {
    hint: 'repeat the command',
  });
}
