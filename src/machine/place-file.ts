import { rename, writeFile } from 'node:fs/promises';

/** Writes a small private file so that it is there whole or not at all, whatever dies when. One writer per path. */
export async function placeFile(path: string, content: string): Promise<void> {
  const temporary = `${path}.tmp`;
  await writeFile(temporary, content, { mode: 0o600 });
  await rename(temporary, path);
}
