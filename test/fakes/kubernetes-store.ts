import { isDeepStrictEqual } from 'node:util';

/** What a fake API server keeps: objects of all kinds, every change with its resource version, and who waits for more. */

export interface Stored {
  apiVersion?: string;
  kind?: string;
  metadata: {
    name: string;
    namespace?: string;
    uid: string;
    resourceVersion: string;
    creationTimestamp: string;
    deletionTimestamp?: string;
    labels?: Record<string, string>;
    finalizers?: string[];
    [field: string]: unknown;
  };
  [field: string]: unknown;
}

/** What a test writes; what the server fills in may be missing. */
export interface Given {
  metadata: {
    name: string;
    labels?: Record<string, string>;
    finalizers?: string[];
    [field: string]: unknown;
  };
  [field: string]: unknown;
}

export interface Logged {
  version: number;
  plural: string;
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  object: Stored;
}

export interface FakeStore {
  /** Creates it, or replaces all of it; the same again changes nothing. */
  put(plural: string, object: Given): Stored;
  get(plural: string, name: string): Stored | null;
  /** Marks it as to be deleted while it has finalizers, else takes it away. Null: not there. */
  remove(plural: string, name: string): Stored | null;
  /** RFC 7386; the object goes when it was only held by its finalizers. Null: not there. */
  mergePatch(plural: string, name: string, patch: Record<string, unknown>): Stored | null;
  /** All of a kind as of a version. */
  at(plural: string, version: number): Stored[];
  version(): number;
  /** Versions before this one are forgotten. */
  oldest(): number;
  /** Forgets all versions before the present one. */
  compact(): void;
  since(plural: string, version: number): Logged[];
  onChange(listener: (logged: Logged) => void): () => void;
}

export function createFakeStore(): FakeStore {
  const objects = new Map<string, Stored>();
  const log: Logged[] = [];
  const listeners = new Set<(logged: Logged) => void>();
  let version = 1000;
  let oldest = version;
  let uids = 0;
  const key = (plural: string, name: string) => `${plural}/${name}`;

  function record(plural: string, type: Logged['type'], object: Stored): Stored {
    version += 1;
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } };
    if (type === 'DELETED') objects.delete(key(plural, object.metadata.name));
    else objects.set(key(plural, object.metadata.name), stored);
    const logged: Logged = { version, plural, type, object: stored };
    log.push(logged);
    for (const listener of listeners) listener(logged);
    return stored;
  }
  function put(plural: string, given: Given): Stored {
    const before = objects.get(key(plural, given.metadata.name));
    const metadata = {
      uid: before?.metadata.uid ?? `00000000-0000-4000-8000-${String(++uids).padStart(12, '0')}`,
      creationTimestamp:
        before?.metadata.creationTimestamp ?? new Date(1.7e12 + version * 1000).toISOString(),
      ...(before?.metadata.deletionTimestamp && { deletionTimestamp: before.metadata.deletionTimestamp }),
      ...given.metadata,
      resourceVersion: before?.metadata.resourceVersion ?? '',
    };
    const object: Stored = { ...given, metadata };
    if (before !== undefined && isDeepStrictEqual(before, object)) return before;
    return record(plural, before === undefined ? 'ADDED' : 'MODIFIED', object);
  }
  function settle(plural: string, object: Stored): Stored {
    const held = (object.metadata.finalizers ?? []).length > 0;
    return object.metadata.deletionTimestamp !== undefined && !held
      ? record(plural, 'DELETED', object)
      : object;
  }
  return {
    put,
    get: (plural, name) => objects.get(key(plural, name)) ?? null,
    remove(plural, name) {
      const object = objects.get(key(plural, name));
      if (object === undefined) return null;
      const marked = { ...object.metadata, deletionTimestamp: '2030-01-01T00:00:00Z' };
      if ((object.metadata.finalizers ?? []).length === 0) return record(plural, 'DELETED', object);
      return object.metadata.deletionTimestamp === undefined
        ? record(plural, 'MODIFIED', { ...object, metadata: marked })
        : object;
    },
    mergePatch(plural, name, patch) {
      const object = objects.get(key(plural, name));
      if (object === undefined) return null;
      const merged = merge(object, patch);
      return isDeepStrictEqual(merged, object) ? object : settle(plural, record(plural, 'MODIFIED', merged));
    },
    at(plural, when) {
      const found = new Map<string, Stored>();
      for (const { plural: kind, type, object, version: changed } of log) {
        if (changed > when || kind !== plural) continue;
        if (type === 'DELETED') found.delete(object.metadata.name);
        else found.set(object.metadata.name, object);
      }
      return [...found.values()].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
    },
    version: () => version,
    oldest: () => oldest,
    compact() {
      oldest = version;
    },
    since: (plural, from) => log.filter((logged) => logged.plural === plural && logged.version > from),
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

function merge(target: Stored, patch: Record<string, unknown>): Stored {
  return mergeValues(target, patch) as Stored;
}

function mergeValues(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch;
  const merged: Record<string, unknown> = isRecord(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete merged[name];
    else merged[name] = mergeValues(merged[name], value);
  }
  return merged;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
