import { rm } from 'node:fs/promises';
import { place } from '../../base/io/place.ts';

/** Who serves this state folder: found by commands without asking. The lock's holder writes it. */
export async function writeServerFile(
  file: string,
  facts: { pid: number; version: string; address: string },
): Promise<void> {
  await place(file, `${JSON.stringify(facts)}\n`, { durable: true });
}

export async function removeServerFile(file: string): Promise<void> {
  await rm(file, { force: true });
}
