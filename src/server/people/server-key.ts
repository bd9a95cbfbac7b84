import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { readIfThere } from '../../base/io/files.ts';
import { place } from '../../base/io/place.ts';
import { AichorError } from '../../errors.ts';

/** The key that this server was given, or made for itself at its first start. */
export interface ServerKey {
  key: string;
  /** The file it stands in; null when it came from the environment. */
  file: string | null;
}

/** The key in the file that `AICHOR_ADMIN_KEY_FILE` names; undefined: none is named. Throws AichorError `usage`. */
export async function adminKeyOf(file: string | undefined): Promise<string | undefined> {
  if (!file) return undefined;
  const key = (await readIfThere(file))?.trim();
  if (key) return key;
  throw new AichorError('usage', `AICHOR_ADMIN_KEY_FILE names ${file}, which is not there, or empty`, {
    hint: 'write a key into it, or leave the variable out: one is made at the first start',
  });
}

/** Throws AichorError `usage` for a key that no request could carry. */
export async function serverKey(given: string | undefined, file: string): Promise<ServerKey> {
  if (given) return { key: sendable(given, 'AICHOR_API_KEY'), file: null };
  return { key: (await storedKey(file)) ?? (await makeKey(file)), file };
}

/** What can stand in a header as one word, and is long enough that nobody guesses it in passing. */
const SENDABLE = /^[\x21-\x7e]{8,4096}$/;

function sendable(key: string, where: string): string {
  if (SENDABLE.test(key)) return key;
  throw new AichorError(
    'usage',
    `the key in ${where} cannot be one: no client could send it, or anybody guess it`,
    {
      hint: 'a key has 8 to 4096 letters, digits and signs of ASCII, without spaces; or leave it out, and one is made',
    },
  );
}

async function storedKey(file: string): Promise<string | null> {
  const key = (await readIfThere(file))?.trim() || null;
  if (key === null) return null;
  return sendable(key, file);
}

async function makeKey(file: string): Promise<string> {
  const key = randomBytes(32).toString('base64url');
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await place(file, `${key}\n`, { durable: true });
  return key;
}
