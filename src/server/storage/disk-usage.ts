import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ifThere } from '../../base/io/files.ts';

/**
 * Bytes of the files below a folder, links not followed; nothing when it is not there. With `part`, only those below
 * the folders of this name in each of its folders. A file that has several names counts once; what vanishes while it is
 * counted does not count.
 */
export async function bytesBelow(folder: string, part?: string): Promise<number> {
  let bytes = 0;
  const known = new Set<string>();
  const pending =
    part === undefined ? [folder] : (await entriesOf(folder)).map(({ name }) => join(folder, name, part));
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const inside = next;
    const entries = await entriesOf(inside);
    pending.push(...entries.filter((entry) => entry.isDirectory()).map((entry) => join(inside, entry.name)));
    const sizes = entries
      .filter((entry) => entry.isFile())
      .map((entry) => sizeOf(join(inside, entry.name), known));
    for (const size of await Promise.all(sizes)) bytes += size;
  }
  return bytes;
}

async function entriesOf(folder: string) {
  return (await ifThere(readdir(folder, { withFileTypes: true }))) ?? [];
}

async function sizeOf(file: string, known: Set<string>): Promise<number> {
  const found = await ifThere(lstat(file));
  if (found === null || found.nlink === 1) return found?.size ?? 0;
  const inode = `${found.dev}:${found.ino}`;
  if (known.has(inode)) return 0;
  known.add(inode);
  return found.size;
}
