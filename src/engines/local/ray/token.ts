import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { readIfThere } from '../../../base/io/files.ts';
import { place } from '../../../base/io/place.ts';

/** Where the token of an experiment's clusters lies, for this user only. */
export function tokenFile(directory: string): string {
  return join(directory, 'ray-token');
}

/**
 * The token that the clusters of an experiment demand, so that nobody else on this machine can hand them jobs: the one
 * there is, after a restart of the server, else a new one.
 */
export async function rayToken(directory: string): Promise<string> {
  const path = tokenFile(directory);
  const known = await readIfThere(path);
  if (known !== null) return known.trim();
  const token = randomBytes(32).toString('hex');
  await place(path, `${token}\n`);
  return token;
}
