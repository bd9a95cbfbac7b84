import { createHash, hash } from 'node:crypto';
import { join } from 'node:path';
import { readIfThere } from '../../base/io/files.ts';
import { place } from '../../base/io/place.ts';

/** What is known of a content of a repository: what a listing says of it. */
export interface KnownContent {
  sha256: string;
  bytes: number;
}

const FILE = 'known-contents';

/**
 * What was read of contents before, by their names in Git: reading a gigabyte again takes seconds. Nothing is known of a
 * file that is not there, or not as it was written.
 *
 * @param folder of the repository that has them
 */
export async function readKnown(folder: string): Promise<Map<string, KnownContent>> {
  const text = (await readIfThere(join(folder, FILE))) ?? '';
  const end = text.indexOf('\n');
  const lines = text.slice(end + 1);
  if (end < 0 || hash('sha256', lines) !== text.slice(0, end)) return new Map();
  return new Map(
    lines.split('\n').flatMap((line) => {
      const [oid = '', sha256 = '', bytes = ''] = line.split(' ');
      return oid === '' ? [] : [[oid, { sha256, bytes: Number(bytes) }]];
    }),
  );
}

/** Only ever what is read of contents that were proven. Throws system errors. */
export async function writeKnown(folder: string, known: ReadonlyMap<string, KnownContent>): Promise<void> {
  const lines = [...known].map(([oid, { sha256, bytes }]) => `${oid} ${sha256} ${bytes}\n`).join('');
  await place(join(folder, FILE), `${createHash('sha256').update(lines).digest('hex')}\n${lines}`);
}
