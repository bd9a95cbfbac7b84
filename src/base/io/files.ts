import { lstat, readFile, type FileHandle } from 'node:fs/promises';
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

/** The same where somebody else chose the name: one that no file can have is of a file that is not there. */
export async function ifAnyThere<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await ifThere(work);
  } catch (error) {
    if (isNoName(error)) return null;
    throw error;
  }
}

/** A name, or a whole path, is longer than the system has them. */
export function isNoName(error: unknown): boolean {
  return systemErrorCode(error) === 'ENAMETOOLONG';
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

/** Writes all of it at one place of a file. One write may take less: the end of what a disk has room for, of which only the next one tells. */
export async function writeAllAt(
  file: Pick<FileHandle, 'write'>,
  bytes: Uint8Array,
  position: number,
): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}
