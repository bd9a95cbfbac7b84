import { lstatSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isAbsent, isBelowFile } from '../base/io/files-sync.ts';
import { AichorError } from '../errors.ts';

/** What stands where a repository is to be written. */
export interface RepositoryTarget {
  path: string;
  exists: boolean;
  /** Files of ours that are there already and would be written over (only with `force`). */
  collisions: string[];
}

/**
 * Looks at the place before anything is written. Throws AichorError `conflict` when it is a file or a folder with
 * something in it (unless `force`), and also with `force` when something of ours meets a folder or a link:
 * only plain files are written over.
 */
export function inspectTarget(path: string, files: readonly string[], force: boolean): RepositoryTarget {
  const present = kindOf(path);
  if (present === null) return { path, exists: false, collisions: [] };
  if (present !== 'folder') throw conflict(`${path} is there already and is no folder`);
  if (!isEmpty(path) && !force)
    throw conflict(
      `${path} is not empty`,
      'choose another folder, or give --force: it adds to what is there, and replaces files of the same name',
    );
  return { path, exists: true, collisions: files.filter((file) => collides(path, file)) };
}

/** A `.git` alone counts as nothing: an empty repository has just been cloned. */
function isEmpty(folder: string): boolean {
  return readdirSync(folder).every((name) => name === '.git');
}

function collides(root: string, file: string): boolean {
  for (let folder = dirname(file); folder !== '.'; folder = dirname(folder)) {
    const kind = kindOf(join(root, folder));
    if (kind !== null && kind !== 'folder') throw conflict(`${join(root, folder)} is no folder`);
  }
  const kind = kindOf(join(root, file));
  if (kind !== null && kind !== 'file') throw conflict(`${join(root, file)} is no plain file`);
  return kind === 'file';
}

function kindOf(path: string): 'file' | 'folder' | 'other' | null {
  try {
    const stats = lstatSync(path);
    return stats.isDirectory() ? 'folder' : stats.isFile() ? 'file' : 'other';
  } catch (error) {
    if (isBelowFile(error)) throw conflict(`${path} lies below something that is no folder`);
    if (isAbsent(error)) return null;
    throw error;
  }
}

function conflict(message: string, hint = 'choose another folder, or move it out of the way'): AichorError {
  return new AichorError('conflict', message, { hint });
}
