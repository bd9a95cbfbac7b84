import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ifThere } from '../../../../base/io/files.ts';

/**
 * Does something while files have other texts. What was at their paths is put aside as it is, and comes back however the
 * work ends: a link is not written through, it may lead out of the folder by now.
 */
export async function withFiles<T>(files: ReadonlyMap<string, string>, work: () => Promise<T>): Promise<T> {
  const aside = new Map<string, string | null>();
  try {
    for (const [path, text] of files) {
      await mkdir(dirname(path), { recursive: true });
      const beside = `${path}.${randomUUID()}.aside`;
      const isThere = await ifThere(rename(path, beside).then(() => true));
      aside.set(path, isThere === null ? null : beside);
      await writeFile(path, text, { flag: 'wx' });
    }
    return await work();
  } finally {
    for (const [path, beside] of aside) {
      await rm(path, { force: true });
      if (beside !== null) await rename(beside, path);
    }
  }
}
