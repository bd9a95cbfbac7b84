import { open, rm } from 'node:fs/promises';
import { isDiskFull } from '../../base/io/disk-full.ts';
import { place } from '../../base/io/place.ts';

/** Who serves this state folder: found by commands without asking. The lock's holder writes it. */
export async function writeServerFile(
  file: string,
  facts: { pid: number; version: string; address: string },
): Promise<void> {
  const text = `${JSON.stringify(facts)}\n`;
  try {
    await place(file, text, { durable: true });
  } catch (error) {
    if (!isDiskFull(error)) throw error;
    // What an earlier server left has room for this. Without any, this one cannot be found by its pid; it serves.
    await overwrite(file, text).catch(() => undefined);
  }
}

async function overwrite(path: string, text: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.writeFile(text);
    await file.truncate(Buffer.byteLength(text));
  } finally {
    await file.close();
  }
}

export async function removeServerFile(file: string): Promise<void> {
  await rm(file, { force: true });
}
