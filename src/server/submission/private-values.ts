import { constants } from 'node:fs';
import { mkdir, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemErrorCode } from '../../errors.ts';

/** What an experiment needs and nobody may read: kept in a 0600 file of its own, never in the database or the log. */
export interface PrivateValues {
  secrets: Record<string, string>;
  /** PATH, HOME, LANG, … of the submitting shell (contract 7); proxies may carry passwords. */
  shell: Record<string, string>;
  /** `--python-env`: a Python environment of this machine that is used as it is. */
  python_env: string | null;
}

/** Writes the values so that they survive a power cut: called before the experiment is acknowledged. */
export async function writePrivateValues(file: string, values: PrivateValues): Promise<void> {
  const folder = dirname(file);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const handle = await open(file, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
  try {
    await handle.writeFile(JSON.stringify(values));
    await handle.sync();
  } finally {
    await handle.close();
  }
  await syncFolder(folder);
  await syncFolder(dirname(folder));
}

/** Empty when the file is gone: an experiment without its secrets says so itself, by failing. */
export async function readPrivateValues(file: string): Promise<PrivateValues> {
  try {
    return { python_env: null, ...JSON.parse(await readFile(file, 'utf8')) };
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return { secrets: {}, shell: {}, python_env: null };
    throw error;
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
