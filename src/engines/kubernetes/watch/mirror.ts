import type { Listed, WatchEvent } from '../api/cluster.ts';
import type { KubeObject } from '../api/objects.ts';
import { compareVersions, isOlder } from './resource-version.ts';

/** What became of an object; the last that was seen of it, if it is gone. */
export interface Change<T> {
  type: 'there' | 'gone';
  object: T;
}

/** Our copy of all objects of a kind. Pure: lists and events in, changes out; what is older than what is known is nothing. */
export interface Mirror<T, K = T> {
  /** An object as it is kept: nothing else of it is looked at again. */
  see(object: T): Seen<K>;
  /** Takes a list over, of what `see` gave. Null: it is older than what was seen already, and was not taken. */
  replace(listed: Listed<Seen<K>>): Change<K>[] | null;
  event(event: WatchEvent<T>): Change<K>[];
  /** Where a watch goes on; null: list first. */
  version(): string | null;
  /** The server has forgotten that version: list, but keep in mind how far it was seen. */
  expire(): void;
  /** Everything is gone, and any list is news: the kind was removed, or the cluster set back to an earlier state. */
  reset(): Change<K>[];
  size(): number;
}

/** What is kept of an object, and what it is known by. */
interface Known<K> {
  uid: string;
  version: string;
  kept: K;
}

/** An object of a list; null: it is none of ours. */
export interface Seen<K> extends Omit<Known<K>, 'kept'> {
  name: string;
  kept: K | null;
}

/** `keep` reduces an object to what is needed of it; null: it is none of ours. */
export function createMirror<T extends KubeObject, K = T>(keep: (object: T) => K | null): Mirror<T, K> {
  let known = new Map<string, Known<K>>();
  let seen: string | null = null;
  let fresh = false;

  const see = (object: T): Seen<K> => ({ ...identityOf(object), kept: keep(object) });

  function take({ name, uid, version, kept }: Seen<K>): Change<K>[] {
    const before = known.get(name);
    if (kept === null) return before === undefined ? [] : drop(name, before.kept);
    if (before !== undefined && isNoNews(before.version, version)) return [];
    const replaced = before !== undefined && before.uid !== uid ? drop(name, before.kept) : [];
    known.set(name, { uid, version, kept });
    return [...replaced, { type: 'there', object: kept }];
  }
  function drop(name: string, last: K): Change<K>[] {
    known.delete(name);
    return [{ type: 'gone', object: last }];
  }
  return {
    see,
    replace({ items, resourceVersion }) {
      if (seen !== null && isOlder(resourceVersion, seen)) return null;
      const listed = new Set(items.map(({ name }) => name));
      const missing = [...known].filter(([name]) => !listed.has(name));
      const changes = [...missing.flatMap(([name, { kept }]) => drop(name, kept)), ...items.flatMap(take)];
      seen = resourceVersion;
      fresh = true;
      return changes;
    },
    event(event) {
      const version = event.type === 'BOOKMARK' ? event.resourceVersion : identityOf(event.object).version;
      const order = seen === null ? null : compareVersions(version, seen);
      if (version === '' || (order !== null && order <= 0)) return [];
      seen = version;
      if (event.type === 'BOOKMARK') return [];
      if (event.type !== 'DELETED') return take(see(event.object));
      const last = keep(event.object);
      const { name } = identityOf(event.object);
      const before = known.get(name);
      return before === undefined ? [] : drop(name, last ?? before.kept);
    },
    version: () => (fresh ? seen : null),
    expire: () => {
      fresh = false;
    },
    reset() {
      const gone = [...known.values()].map(({ kept }): Change<K> => ({ type: 'gone', object: kept }));
      known = new Map();
      seen = null;
      fresh = false;
      return gone;
    },
    size: () => known.size,
  };
}

/** Seen before, or from before that. */
function isNoNews(before: string, after: string): boolean {
  const order = compareVersions(after, before);
  return order !== null && order <= 0;
}

function identityOf({ metadata }: KubeObject): { name: string; uid: string; version: string } {
  const { name = '', uid = '', resourceVersion: version = '' } = metadata ?? {};
  return { name, uid, version };
}
