import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { join } from 'node:path';
import {
  keysFile,
  type KeyCreated,
  type KeyCreation,
  type KeyDocument,
  type KeysFile,
  type Role,
} from '../../api/key-contract.ts';
import { createTurn } from '../../base/async/turn.ts';
import { readIfThere } from '../../base/io/files.ts';
import { place } from '../../base/io/place.ts';
import { AichorError } from '../../errors.ts';
import type { Log } from '../ports.ts';
import type { AuditTable, DeedDone } from '../store/tables/audit.ts';
import { RESERVED_KEYS } from './caller.ts';

/** The keys of people, in `keys.json` of the config folder (0600), as hashes. */
export interface KeyStore {
  list(): KeyDocument[];
  /** Throws `conflict` for a name that is taken. @param by name of the key that asks; null: the server's own user */
  create(wish: KeyCreation, by: string | null): Promise<KeyCreated>;
  /** From then on it opens nothing. Throws `not_found`. */
  revoke(name: string, by: string | null): Promise<KeyDocument>;
  /** Another key for the same name and role; the one before opens nothing any more. Throws `not_found`. */
  rotate(name: string, by: string | null): Promise<KeyCreated>;
  /** Whose key this is; null: nobody's, or it has expired. */
  find(key: string): KeyDocument | null;
  /** What a key is remembered by elsewhere: another one of the same name has another. Null: it has not the form of one. */
  idOf(key: string): string | null;
  /** Of the key with this id; null: there is none any more, or it has expired. */
  holder(id: string): KeyDocument | null;
  /** Returns when the last uses are written down: whoever reads the file from then on is not overtaken by this store. */
  close(): Promise<void>;
}

interface KeyStoreOptions {
  configFolder: string;
  now(): Date;
  log: Log;
  /** Every change is written down before it is made. */
  audit: Pick<AuditTable, 'add'>;
}

type StoredKey = KeysFile['keys'][number];

/** `aichor_<id>_<secret>`: the id finds the row, so that one comparison is enough. */
const FORM = /^aichor_([0-9a-f]{12})_[\w-]{43}$/;
/** The last use is written down to the minute: a key may be used a thousand times in one. */
const USE_MS = 60_000;

/** Never fails because of what is in the file: then no key opens anything, and none can be changed. */
export async function openKeyStore({ configFolder, now, log, audit }: KeyStoreOptions): Promise<KeyStore> {
  const file = join(configFolder, 'keys.json');
  const found = await readKeys(file);
  if (found instanceof AichorError) log.error({ err: found }, 'no key but that of the server opens anything');
  let keys: StoredKey[] = found instanceof AichorError ? [] : found;
  const exclusively = createTurn();
  const change = (make: (keys: StoredKey[]) => StoredKey[], deed?: DeedDone) =>
    exclusively(async () => {
      if (found instanceof AichorError) throw found;
      const next = make(keys);
      if (deed !== undefined) audit.add([deed]);
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
    async create({ name, role, projects, expires_in_s }, by) {
      refuseBoundAdmin(role, projects);
      const { key, ...made } = makeKey();
      const stored = storedKey({ ...made, name, role, projects }, { created: now(), expires_in_s });
      const deed = {
        by,
        deed: 'key.create',
        subject: name,
        details: { role, projects, expires_in_s },
      } as const;
      await change((all) => {
        if (RESERVED_KEYS.has(name) || all.some((each) => each.name === name)) throw taken(name);
        return [...all, stored];
      }, deed);
      return { ...documentOf(stored), key };
    },
    async revoke(name, by) {
      let gone = named(name);
      const deed = { by, deed: 'key.revoke', subject: name, details: { role: gone.role } } as const;
      await change((all) => {
        gone = named(name);
        return all.filter((each) => each.name !== name);
      }, deed);
      return documentOf(gone);
    },
    async rotate(name, by) {
      const { key, id, sha256 } = makeKey();
      const deed = { by, deed: 'key.rotate', subject: name } as const;
      await change((all) => {
        const fresh = { ...named(name), id, sha256, last_used_at: null };
        return all.map((each) => (each.name === name ? fresh : each));
      }, deed);
      return { ...documentOf(named(name)), key };
    },
    find(given) {
      const id = FORM.exec(given)?.[1];
      const key = id === undefined ? undefined : keys.find((each) => each.id === id);
      if (key === undefined || !timingSafeEqual(digest(given), Buffer.from(key.sha256, 'hex'))) return null;
      const time = now();
      if (isOver(key, time)) return null;
      const last = key.last_used_at === null ? -Infinity : Date.parse(key.last_used_at);
      if (time.getTime() - last >= USE_MS) {
        key.last_used_at = time.toISOString();
        used(key.id, key.last_used_at);
      }
      return documentOf(key);
    },
    idOf: (given) => FORM.exec(given)?.[1] ?? null,
    holder(id) {
      const key = keys.find((each) => each.id === id);
      return key === undefined || isOver(key, now()) ? null : documentOf(key);
    },
    close: () => exclusively(async () => undefined),
  };
}

function isOver({ expires_at }: StoredKey, time: Date): boolean {
  return expires_at !== null && expires_at <= time.toISOString();
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

function storedKey(
  known: Pick<StoredKey, 'id' | 'sha256' | 'name' | 'role' | 'projects'>,
  { created, expires_in_s: seconds }: { created: Date; expires_in_s: number | null },
): StoredKey {
  const expires_at = seconds === null ? null : new Date(created.getTime() + seconds * 1000).toISOString();
  return { ...known, created_at: created.toISOString(), expires_at, last_used_at: null };
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function documentOf({ id: _id, sha256: _hash, ...document }: StoredKey): KeyDocument {
  return document;
}

/** Whoever decides about keys and projects decides about all of them. */
function refuseBoundAdmin(role: Role, projects: KeyCreation['projects']): void {
  if (role !== 'admin' || projects === null) return;
  throw new AichorError('usage', 'the key of an admin is for all projects', {
    hint: 'leave --project out, or make it a member or a viewer',
  });
}

function taken(name: string): AichorError {
  return new AichorError('conflict', `there is a key called ${JSON.stringify(name)} already`, {
    hint: 'take another name; aichor keys rotate gives a name a new key',
  });
}
