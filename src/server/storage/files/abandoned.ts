import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ifThere } from '../../../base/io/files.ts';
import { uploadNotes, type UploadNote } from './upload-note.ts';

/**
 * Removes what was begun to be sent in parts and not gone on with since then: whoever comes back to it sends it anew.
 *
 * @param giveUp has the parts of one removed that an object store keeps, and its note; what it throws does not keep others
 * @returns what was thrown
 */
export async function removeAbandoned(
  uploads: string,
  before: Date,
  giveUp: (id: string, note: UploadNote) => Promise<void>,
): Promise<unknown[]> {
  const notes = uploadNotes(uploads);
  const ids = new Set(await notes.ids());
  const thrown: unknown[] = [];
  for (const name of (await ifThere(readdir(uploads))) ?? []) {
    const upload = join(uploads, name);
    const parts = [upload, join(upload, 'data'), join(upload, 'parts')];
    const found = await Promise.all(parts.map((path) => ifThere(stat(path))));
    const last = Math.max(...found.map((look) => look?.mtimeMs ?? 0));
    if (last >= before.getTime()) continue;
    const id = name.replace(/\.json$/, '');
    const note = ids.has(id) ? await notes.read(id) : null;
    if (note === null) await rm(upload, { recursive: true, force: true });
    else await giveUp(id, note).catch((error: unknown) => thrown.push(error));
  }
  return thrown;
}
