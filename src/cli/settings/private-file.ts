import { dirname } from 'node:path';
import { makeFolderSync } from '../../base/io/files-sync.ts';
import { place } from '../../base/io/place.ts';

/** Writes a file that only this user may read, in one step and durably; its folder is made (0700) if need be. */
export async function writePrivateFile(path: string, content: string): Promise<void> {
  makeFolderSync(dirname(path), 0o700);
  await place(path, content, { durable: true });
}
