import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { chmod, mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { MiddlewareHandler } from 'hono';
import { readIfThere } from '../../base/io/files.ts';
import { place } from '../../base/io/place.ts';
import { AichorError } from '../../errors.ts';
import { OWNER, SERVER_KEY, STRANGER, type Caller } from '../people/caller.ts';
import type { KeyStore } from '../people/keys.ts';
import { mayAct, roleFor } from '../people/rights.ts';
import type { Log } from '../ports.ts';
import { createRefusals } from './refusals.ts';
import type { RequestEnv } from './routes/api.ts';

/** The only path that answers without a key: who asks learns that a control plane is here, and its version. */
const OPEN_PATH = '/v1/health';

/** Whoever can connect is the server's own user (the unix socket, 0600). */
export function admitOwner(): MiddlewareHandler<RequestEnv> {
  return async (c, next) => {
    c.set('caller', OWNER);
    await next();
  };
}

interface Guarding {
  /** The key that the server was started with: an admin's. */
  key: string;
  keys: Pick<KeyStore, 'find'>;
  log: Log;
  /** Waits before a wrong key is answered, or until the server goes. */
  holdBack(ms: number): Promise<unknown>;
}

/**
 * Lets through what carries `Authorization: Bearer <key>`. What does not leaves a line in the log, without what it
 * carried; an address that tries many is answered later and later. Without any key nobody guesses: that is answered at once.
 */
export function demandKey({ key, keys, log, holdBack }: Guarding): MiddlewareHandler<RequestEnv> {
  const refusals = createRefusals(() => performance.now());
  return async (c, next) => {
    const header = c.req.header('authorization');
    const caller = callerOf(header, { key, keys });
    c.set('caller', caller ?? STRANGER);
    if (c.req.path === OPEN_PATH || caller !== null) return next();
    const address = c.env.incoming?.socket?.remoteAddress ?? 'unknown';
    const facts = { request_id: c.get('requestId'), address, path: c.req.path };
    log.warn(facts, header === undefined ? 'a request without a key was refused' : 'a key was refused');
    const delayMs = header === undefined ? 0 : refusals.add(address);
    if (delayMs > 0) await holdBack(delayMs);
    throw new AichorError('unauthenticated', 'the control plane does not know this API key', {
      hint: 'set AICHOR_API_KEY, or store the key with aichor auth key --apikey -',
    });
  };
}

/** Whose key a request carries; null: nobody's. Takes the same time whatever is wrong with it. */
function callerOf(header: string | undefined, { key, keys }: Pick<Guarding, 'key' | 'keys'>): Caller | null {
  const [scheme = '', given = ''] = (header ?? '').split(' ', 2);
  const isServers = timingSafeEqual(digest(given), digest(key));
  if (scheme.toLowerCase() !== 'bearer') return null;
  if (isServers) return { isOwner: false, name: SERVER_KEY, role: 'admin' };
  const found = keys.find(given);
  return found && { isOwner: false, name: found.name, role: found.role };
}

/** Lets through what the caller's role may do (`people/rights.ts`). Throws AichorError `forbidden`. */
export function demandRight(): MiddlewareHandler<RequestEnv> {
  return async (c, next) => {
    const { role, name } = c.get('caller');
    const needed = roleFor(c.req.method, c.req.path.replace(/^\/v1/, ''));
    if (mayAct(role, needed)) return next();
    throw new AichorError(
      'forbidden',
      `the key ${name ?? ''} is one of a ${role}, and this takes one of ${needed === 'admin' ? 'an admin' : `a ${needed}`}`,
      {
        hint: 'ask an admin of the server: aichor keys create makes keys',
      },
    );
  };
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
  if (((await stat(file)).mode & 0o077) !== 0) await chmod(file, 0o600);
  return sendable(key, file);
}

async function makeKey(file: string): Promise<string> {
  const key = randomBytes(32).toString('base64url');
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await place(file, `${key}\n`, { durable: true });
  return key;
}
