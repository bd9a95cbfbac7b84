import { lstatSync, readFileSync } from 'node:fs';
import { lstat, readFile } from 'node:fs/promises';
import { systemErrorCode } from '../../errors.ts';

/** There is no such file, because of its name or because what should be its folder is none. */
export function isAbsent(error: unknown): boolean {
  const code = systemErrorCode(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
}

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
  return ifThere(readFile(path, 'utf8'));
}

/** `readIfThere` for callers that cannot wait. */
export function readIfThereSync(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (isAbsent(error)) return null;
    throw error;
  }
}

/**
 * A file's text; null whatever the system has against reading it (not there, not allowed, a folder, gone with its
 * process). For what the system tells in files, such as `/proc`; of a file of our own we want to know.
 */
export async function readIfPossible(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return null;
  }
}

/** Whether something has this name: a file, a folder, a link that may lead nowhere. */
export async function isThere(path: string): Promise<boolean> {
  return (await ifThere(lstat(path))) !== null;
}

/** `isThere` for callers that cannot wait. */
export function isThereSync(path: string): boolean {
  try {
    lstatSync(path);
    return true;
  } catch (error) {
    if (isAbsent(error)) return false;
    throw error;
  }
}
