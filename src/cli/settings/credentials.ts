import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isAbsent } from '../../base/io/files-sync.ts';
import { AichorError } from '../../errors.ts';

/** `credentials.json` in the config folder (0600): API keys by the address of their server. */
type Credentials = Record<string, string>;

/** Stands for the address of the embedded control plane, which asks for no key. */
export const EMBEDDED = 'embedded';

export function credentialsPath(configFolder: string): string {
  return join(configFolder, 'credentials.json');
}

/** Throws AichorError `forbidden` when others may read the file: whoever has read a key has it. */
export function apiKeyFor(configFolder: string, server: string): string | undefined {
  const credentials = readCredentials(configFolder);
  if (!Object.hasOwn(credentials, server)) return undefined;
  refuseOpen(credentialsPath(configFolder));
  return credentials[server];
}

/** Stores a server's key; null removes it. */
export async function storeApiKey(configFolder: string, server: string, key: string | null): Promise<void> {
  const entries = Object.entries(readCredentials(configFolder)).filter(([address]) => address !== server);
  if (key !== null) entries.push([server, key]);
  const { writePrivateFile } = await import('./private-file.ts');
  await writePrivateFile(
    credentialsPath(configFolder),
    `${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`,
  );
}

function readCredentials(configFolder: string): Credentials {
  const path = credentialsPath(configFolder);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (isAbsent(error)) return {};
    throw broken(path, error);
  }
  return parseCredentials(text, path);
}

function refuseOpen(path: string): void {
  const mode = statSync(path).mode & 0o777;
  if ((mode & 0o077) === 0) return;
  throw new AichorError('forbidden', `others may read the API keys in ${path} (mode ${mode.toString(8)})`, {
    hint: `chmod 600 ${path}, and have the keys in it made anew if somebody may have read them`,
  });
}

function parseCredentials(text: string, path: string): Credentials {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw broken(path, error);
  }
  if (typeof value !== 'object' || value === null) throw broken(path, undefined);
  const keys = Object.entries(value).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  return Object.fromEntries(keys);
}

function broken(path: string, cause: unknown): AichorError {
  return new AichorError('usage', `the file of API keys, ${path}, cannot be read`, {
    hint: 'delete it and store the key again with `aichor auth key --apikey -`',
    cause,
  });
}
