import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { join } from 'node:path';
import {
  keysFile,
  type KeyCreated,
  type KeyCreation,
  type KeyDocument,
  type KeysFile,
} from '../../api/key-contract.ts';
import { createTurn } from '../../base/async/turn.ts';
import { readIfThere } from '../../base/io/files.ts';
import { place } from '../../base/io/place.ts';
import { AichorError } from '../../errors.ts';
import type { Log } from '../ports.ts';
import { SERVER_KEY } from './caller.ts';

/** The keys of people, in `keys.json` of the config folder (0600), as hashes. */
export interface KeyStore {
  list(): KeyDocument[];
  /** Throws `conflict` for a name that is taken. */
  create(wish: KeyCreation): Promise<KeyCreated>;
  /** From then on it opens nothing. Throws `not_found`. */
  revoke(name: string): Promise<KeyDocument>;
  /** Another key for the same name and role; the one before opens nothing any more. Throws `not_found`. */
  rotate(name: string): Promise<KeyCreated>;
  /** Whose key this is; null: nobody's, or it has expired. */
  find(key: string): KeyDocument | null;
  /** Returns when the last uses are written down: whoever reads the file from then on is not overtaken by this store. */
  close(): Promise<void>;
}

interface KeyStoreOptions {
  configFolder: string;
  now(): Date;
  log: Log;
}

type StoredKey = KeysFile['keys'][number];

/** `aichor_<id>_<secret>`: the id finds the row, so that one comparison is enough. */
const FORM = /^aichor_([0-9a-f]{12})_[\w-]{43}$/;
/** The last use is written down to the minute: a key may be used a thousand times in one. */
const USE_MS = 60_000;

/** Never fails because of what is in the file: then no key opens anything, and none can be changed. */
export async function openKeyStore({ configFolder, now, log }: KeyStoreOptions): Promise<KeyStore> {
  const file = join(configFolder, 'keys.json');
  const found = await readKeys(file);
  if (found instanceof AichorError) log.error({ err: found }, 'no key but that of the server opens anything');
  let keys: StoredKey[] = found instanceof AichorError ? [] : found;
  const exclusively = createTurn();
  const change = (make: (keys: StoredKey[]) => StoredKey[]) =>
    exclusively(async () => {
      if (found instanceof AichorError) throw found;
      const next = make(keys);
      await place(file, `${JSON.stringify({ keys: next }, null, 2)}\n`, { durable: true });
      keys = next;
    });
  const named = (name: string): StoredKey => {
    const key = keys.find((each) => each.name === name);
    if (key !== undefined) return key;
    throw new AichorError('not_found', `there is no key called ${JSON.stringify(name)}`, {
      hint: 'aichor keys list shows those there are',
    });
  };
  const used = (id: string, time: string) => {
    const write = change((all) =>
      all.map((each) => (each.id === id ? { ...each, last_used_at: time } : each)),
    );
    write.catch((error: unknown) =>
      log.warn({ err: error }, 'the last use of a key could not be written down'),
    );
  };
  return {
    list: () => keys.map(documentOf),
    async create({ name, role, expires_in_s }) {
      const { key, id, sha256 } = makeKey();
      const created = now();
      const stored: StoredKey = {
        id,
        sha256,
        name,
        role,
        created_at: created.toISOString(),
        expires_at:
          expires_in_s === null ? null : new Date(created.getTime() + expires_in_s * 1000).toISOString(),
        last_used_at: null,
      };
      await change((all) => {
        if (name === SERVER_KEY || all.some((each) => each.name === name)) throw taken(name);
        return [...all, stored];
      });
      return { ...documentOf(stored), key };
    },
    async revoke(name) {
      let gone = named(name);
      await change((all) => {
        gone = named(name);
        return all.filter((each) => each.name !== name);
      });
      return documentOf(gone);
    },
    async rotate(name) {
      const { key, id, sha256 } = makeKey();
      await change((all) => {
        const fresh = { ...named(name), id, sha256, last_used_at: null };
        return all.map((each) => (each.name === name ? fresh : each));
      });
      return { ...documentOf(named(name)), key };
    },
    find(given) {
      const id = FORM.exec(given)?.[1];
      const key = id === undefined ? undefined : keys.find((each) => each.id === id);
      if (key === undefined || !timingSafeEqual(digest(given), Buffer.from(key.sha256, 'hex'))) return null;
      const time = now();
      if (key.expires_at !== null && key.expires_at <= time.toISOString()) return null;
      const last = key.last_used_at === null ? -Infinity : Date.parse(key.last_used_at);
      if (time.getTime() - last >= USE_MS) {
        key.last_used_at = time.toISOString();
        used(key.id, key.last_used_at);
      }
      return documentOf(key);
    },
    close: () => exclusively(async () => undefined),
  };
}

async function readKeys(file: string): Promise<StoredKey[] | AichorError> {
  const text = await readIfThere(file);
  if (text === null) return [];
  try {
    return keysFile.parse(JSON.parse(text)).keys;
  } catch (cause) {
    return new AichorError('server_error', `the file of keys, ${file}, cannot be read`, {
      hint: 'restore it from a backup; or remove it and restart the server, and make every key anew',
      cause,
    });
  }
}

function makeKey(): { key: string; id: string; sha256: string } {
  const id = randomBytes(6).toString('hex');
  const key = `aichor_${id}_${randomBytes(32).toString('base64url')}`;
  return { key, id, sha256: digest(key).toString('hex') };
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function documentOf({ name, role, created_at, expires_at, last_used_at }: StoredKey): KeyDocument {
  return { name, role, created_at, expires_at, last_used_at };
}

function taken(name: string): AichorError {
  return new AichorError('conflict', `there is a key called ${JSON.stringify(name)} already`, {
    hint: 'take another name; aichor keys rotate gives a name a new key',
  });
}
