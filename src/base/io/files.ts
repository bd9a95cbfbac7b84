import { lstat, readFile } from 'node:fs/promises';
import { systemErrorCode } from '../../errors.ts';
import { briefly } from './brief.ts';
import { isAbsent } from './files-sync.ts';

/** What `work` gives; null when it fails because a file is not there. Any other failure is thrown. */
export async function ifThere<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    if (isAbsent(error)) return null;
    throw error;
  }
}

/** A file's text (UTF-8); null when it is not there. Throws system errors for one that is there and cannot be read. */
export function readIfThere(path: string): Promise<string | null> {
  return ifThere(readText(path));
}

/**
 * A file's text; null whatever the system has against reading it (not there, not allowed, a folder, gone with its
 * process). For what the system tells in files, such as `/proc`; of a file of our own we want to know.
 */
export async function readIfPossible(path: string): Promise<string | null> {
  try {
    return await readText(path);
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return null;
  }
}

/** A file's text (UTF-8). Throws system errors. */
export function readText(path: string): Promise<string> {
  return briefly(() => readFile(path, 'utf8'));
}

/** Whether something has this name: a file, a folder, a link that may lead nowhere. */
export async function isThere(path: string): Promise<boolean> {
  return (await ifThere(lstat(path))) !== null;
}
