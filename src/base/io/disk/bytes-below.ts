import type { Dirent } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { systemErrorCode } from '../../../errors.ts';
import { briefly } from '../brief.ts';
import { ifThere } from '../files.ts';

/**
 * Bytes that everything in a folder takes of the disk, as `du` counts them: blocks, not lengths (a file with holes takes less, a
 * small one more), folders too, a file with several names once. Links are not followed. Nothing when it is not there; what
 * vanishes while it is counted does not count. With `part`, only what is in the folders of this name in each of its folders.
 */
export async function bytesBelow(folder: string, part?: string): Promise<number> {
  const known = new Set<string>();
  const pending =
    part === undefined ? [folder] : (await entriesOf(folder)).map(({ name }) => join(folder, name, part));
  let bytes = 0;
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const inside = next;
    const entries = await entriesOf(inside);
    pending.push(...entries.filter((entry) => entry.isDirectory()).map((entry) => join(inside, entry.name)));
    const sizes = entries.map((entry) => bytesOf(join(inside, entry.name), known));
    for (const size of await Promise.all(sizes)) bytes += size;
  }
  return bytes;
}

/** A process that has as many files open as it may has some of them open for a moment only. */
const TRIES = 100;
const TRY_AGAIN_MS = 20;

async function entriesOf(folder: string, tries = TRIES): Promise<Dirent[]> {
  try {
    return (await ifThere(briefly(() => readdir(folder, { withFileTypes: true })))) ?? [];
  } catch (error) {
    if (systemErrorCode(error) !== 'EMFILE' || tries === 1) throw error;
  }
  await setTimeout(TRY_AGAIN_MS);
  return entriesOf(folder, tries - 1);
}

/** POSIX counts blocks of 512 bytes, whatever those of the file system are. */
const BLOCK = 512;

async function bytesOf(path: string, known: Set<string>): Promise<number> {
  const found = await ifThere(lstat(path));
  if (found === null) return 0;
  if (found.nlink > 1 && !found.isDirectory()) {
    const inode = `${found.dev}:${found.ino}`;
    if (known.has(inode)) return 0;
    known.add(inode);
  }
  return found.blocks * BLOCK;
}
