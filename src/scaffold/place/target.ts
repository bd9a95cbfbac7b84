import { lstatSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isAbsent, isBelowFile } from '../../base/io/files-sync.ts';
import { AichorError } from '../../errors.ts';

/** What becomes of files that are there already: the folder has to be empty, they stay, or they are set aside. */
export type Existing = 'refuse' | 'keep' | 'replace';

/** What stands where a repository is to be written. */
export interface RepositoryTarget {
  path: string;
  exists: boolean;
  /** Files of ours that are there already. */
  collisions: string[];
}

/**
 * Looks at the place before anything is written. Throws AichorError `conflict` when it is a file, or, with `refuse`, a
 * folder with something in it; with `replace` also when something of ours meets a folder or a link: only plain files are
 * set aside.
 */
export function inspectTarget(path: string, files: readonly string[], existing: Existing): RepositoryTarget {
  const present = kindOf(path);
  if (present === null) return { path, exists: false, collisions: [] };
  if (present !== 'folder') throw conflict(`${path} is there already and is no folder`);
  if (existing === 'refuse' && !isEmptyFolder(path))
    throw conflict(
      `${path} is not empty`,
      'choose another folder, or name this one: what is there stays as it is, and what is missing is added',
    );
  return { path, exists: true, collisions: files.filter((file) => collides(path, file, existing)) };
}

/** A `.git` alone counts as nothing: an empty repository has just been cloned. */
export function isEmptyFolder(folder: string): boolean {
  return readdirSync(folder).every((name) => name === '.git');
}

/** Whether there is a folder of this name, not a link to one. */
export function isPlainFolder(path: string): boolean {
  return kindOf(path) === 'folder';
}

function collides(root: string, file: string, existing: Existing): boolean {
  for (let folder = dirname(file); folder !== '.'; folder = dirname(folder)) {
    const kind = kindOf(join(root, folder));
    if (kind !== null && kind !== 'folder') throw conflict(`${join(root, folder)} is no folder`);
  }
  const kind = kindOf(join(root, file));
  if (existing === 'replace' && kind !== null && kind !== 'file')
    throw conflict(`${join(root, file)} is no plain file`);
  return kind !== null;
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
