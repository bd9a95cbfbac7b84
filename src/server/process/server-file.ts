import { rm } from 'node:fs/promises';
import writeFileAtomic from 'write-file-atomic';

/** Who serves this state folder: found by commands without asking. The lock's holder writes it. */
export async function writeServerFile(
  file: string,
  facts: { pid: number; version: string; address: string },
): Promise<void> {
  await writeFileAtomic(file, `${JSON.stringify(facts)}\n`, { mode: 0o600 });
}

export async function removeServerFile(file: string): Promise<void> {
  await rm(file, { force: true });
}
