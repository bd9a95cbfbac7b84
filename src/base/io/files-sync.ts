import { lstatSync, readFileSync } from 'node:fs';
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
