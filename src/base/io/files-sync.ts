import { lstatSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { systemErrorCode } from '../../errors.ts';

/** Apart from `files.ts`: `node:fs/promises` takes longer to load than settings take to read, and every command reads them. */

/** There is no such file, because of its name or because what should be its folder is none. */
export function isAbsent(error: unknown): boolean {
  const code = systemErrorCode(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/** There is no such file, because what should be a folder on the way to it is none. */
export function isBelowFile(error: unknown): boolean {
  return systemErrorCode(error) === 'ENOTDIR';
}

/** What `work` gives; null when it fails because a file is not there. */
export function ifThereSync<T>(work: () => T): T | null {
  try {
    return work();
  } catch (error) {
    if (isAbsent(error)) return null;
    throw error;
  }
}

/** A file's text (UTF-8); null when it is not there. For callers that cannot wait. */
export function readIfThereSync(path: string): string | null {
  return ifThereSync(() => readFileSync(path, 'utf8'));
}

/** Whether something has this name. For callers that cannot wait. */
export function isThereSync(path: string): boolean {
  try {
    lstatSync(path);
    return true;
  } catch (error) {
    if (isAbsent(error)) return false;
    throw error;
  }
}

/** How often a folder is removed again from which others remove at the same time. */
const REMOVALS = 10;

/**
 * Removes a file, or a folder with all that is in it; nothing there is fine. For callers that cannot wait.
 *
 * `rmSync` of Node 24 gives up, and says nothing of it, when somebody else removes a file of the folder at the same moment.
 *
 * @throws the system's error for what cannot be removed
 */
export function removeAllSync(path: string): void {
  for (let at = 0; at === 0 || (at < REMOVALS && isThereSync(path)); at += 1)
    rmSync(path, { recursive: true, force: true });
}

/**
 * Makes a folder that a user may have named, and those above it; it may be there. For callers that cannot wait, and for those
 * that can: `mkdir` of Node, asked for the folders above as well, never returns where the system says of a folder below one
 * that is there that it is absent, as it does below /proc.
 *
 * @returns the uppermost folder that was made; null: all were there
 * @throws the system's error
 */
export function makeFolderSync(path: string, mode = 0o777): string | null {
  try {
    mkdirSync(path, { mode });
    return path;
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT' || dirname(path) === path) {
      if (isFolderSync(path)) return null;
      throw error;
    }
  }
  const first = makeFolderSync(dirname(path), mode);
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    if (!isFolderSync(path)) throw error;
  }
  return first ?? path;
}

/** Whether a folder has this name, or a link that leads to one. For callers that cannot wait. */
export function isFolderSync(path: string): boolean {
  return ifThereSync(() => statSync(path))?.isDirectory() ?? false;
}
