import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { MiddlewareHandler } from 'hono';
import { readIfThere } from '../../base/io/files.ts';
import { place } from '../../base/io/place.ts';
import { AichorError } from '../../errors.ts';

/** The only path that answers without a key: who asks learns that a control plane is here, and its version. */
const OPEN_PATH = '/v1/health';

/** Lets through what carries `Authorization: Bearer <key>`. */
export function demandKey(key: string): MiddlewareHandler {
  return async (c, next) => {
    if (c.req.path !== OPEN_PATH && !isKey(c.req.header('authorization'), key)) {
      throw new AichorError('unauthenticated', 'the control plane does not know this API key', {
        hint: 'set AICHOR_API_KEY, or store the key with aichor auth key --apikey -',
      });
    }
    await next();
  };
}

/** Takes the same time whatever is wrong with the key. */
function isKey(header: string | undefined, key: string): boolean {
  const [scheme = '', given = ''] = (header ?? '').split(' ', 2);
  return timingSafeEqual(digest(given), digest(key)) && scheme.toLowerCase() === 'bearer';
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** The key that this server was given, or made for itself at its first start. */
export interface ServerKey {
  key: string;
  /** The file it stands in; null when it came from the environment. */
  file: string | null;
}

export async function serverKey(given: string | undefined, file: string): Promise<ServerKey> {
  if (given) return { key: given, file: null };
  return { key: (await storedKey(file)) ?? (await makeKey(file)), file };
}

async function storedKey(file: string): Promise<string | null> {
  return (await readIfThere(file))?.trim() || null;
}

async function makeKey(file: string): Promise<string> {
  const key = randomBytes(32).toString('base64url');
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await place(file, `${key}\n`, { durable: true });
  return key;
}
