import type { Stats } from 'node:fs';
import { lstat, readdir, realpath, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { ifThere } from '../../base/io/files.ts';
import { AichorError, systemErrorCode } from '../../errors.ts';

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
 * @param onOdd is told what of the folder is left out, and why
 * @throws AichorError `not_found`, or `usage` when it is neither
 */
export async function localFiles(
  name: string,
  { to, onOdd }: { to: string | null; onOdd(path: string, why: string): void },
): Promise<LocalFile[]> {
  const place = resolve(name);
  const found = await lookAt(place);
  if (found === null)
    throw new AichorError('not_found', `there is no file or folder ${name} on this machine`, {
      hint: 'name one that is there: aichor storage upload data',
    });
  const top = (to ?? '').replace(/\/+$/, '');
  const files: LocalFile[] = [];
  const below = (folder: string, own: string) => (folder === '' ? own : `${folder}/${own}`);

  async function add(at: string, path: string, through: readonly string[]): Promise<void> {
    const look = await lookAt(at);
    if (look?.isFile() === true) {
      const version = [at, look.dev, look.ino, look.size, look.mtimeMs].join(' ');
      files.push({ path, place: at, bytes: look.size, modified: look.mtimeMs, version });
    } else if (look?.isDirectory() === true) {
      const real = await realpath(at);
      if (through.includes(real)) return onOdd(at, IN_A_CIRCLE);
      for (const own of await readdir(at)) await add(join(at, own), below(path, own), [...through, real]);
    } else onOdd(at, look === null ? await whyAbsent(at) : 'it is no file');
  }

  if (found.isDirectory()) await add(place, to === null ? basename(place) : top, []);
  else if (found.isFile()) await add(place, below(top, basename(place)), []);
  else
    throw new AichorError('usage', `${name} is neither a file nor a folder`, {
      hint: 'write what it holds to a file, and upload that',
    });
  return files.toSorted((one, other) => (one.path < other.path ? -1 : 1));
}

const IN_A_CIRCLE = 'the link leads nowhere, or in a circle';

/** Null: nothing is there, or a link that leads nowhere or in a circle. */
async function lookAt(place: string): Promise<Stats | null> {
  try {
    return await ifThere(stat(place));
  } catch (error) {
    if (systemErrorCode(error) === 'ELOOP') return null;
    throw error;
  }
}

/** Why there is nothing under a name that a folder has. */
async function whyAbsent(place: string): Promise<string> {
  if ((await ifThere(lstat(place))) !== null) return IN_A_CIRCLE;
  return place.includes('\ufffd') ? 'its name is not UTF-8' : 'it was removed meanwhile';
}

/** What was sent of it may be neither what it was nor what it is. */
export function changedMeanwhile(place: string): AichorError {
  return new AichorError('conflict', `${place} was changed while it was sent`, {
    hint: 'repeat the command',
  });
}
