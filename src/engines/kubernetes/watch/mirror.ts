import type { Listed, WatchEvent } from '../api/cluster.ts';
import type { KubeObject } from '../api/objects.ts';
import { compareVersions, isOlder } from './resource-version.ts';

/** What became of an object; the last that was seen of it, if it is gone. */
export interface Change<T> {
  type: 'there' | 'gone';
  object: T;
}

/** Our copy of all objects of a kind. Pure: lists and events in, changes out; what is older than what is known is nothing. */
export interface Mirror<T> {
  /** Takes a list over. Null: it is older than what was seen already, and was not taken. */
  replace(listed: Listed<T>): Change<T>[] | null;
  event(event: WatchEvent<T>): Change<T>[];
  /** Where a watch goes on; null: list first. */
  version(): string | null;
  /** The server has forgotten that version: list, but keep in mind how far it was seen. */
  expire(): void;
  /** Everything is gone, and any list is news: the kind was removed, or the cluster set back to an earlier state. */
  reset(): Change<T>[];
  size(): number;
}

/** `keep` reduces an object to what is needed of it; null: it is none of ours. */
export function createMirror<T extends KubeObject>(keep: (object: T) => T | null): Mirror<T> {
  let known = new Map<string, T>();
  let seen: string | null = null;
  let fresh = false;

  function take(object: T): Change<T>[] {
    const kept = keep(object);
    const name = nameOf(object);
    const before = known.get(name);
    if (kept === null) return before === undefined ? [] : drop(name, before);
    if (before !== undefined && isNoNews(before, kept)) return [];
    const replaced = before !== undefined && uidOf(before) !== uidOf(kept) ? drop(name, before) : [];
    known.set(name, kept);
    return [...replaced, { type: 'there', object: kept }];
  }
  function drop(name: string, last: T): Change<T>[] {
    known.delete(name);
    return [{ type: 'gone', object: last }];
  }
  return {
    replace({ items, resourceVersion }) {
      if (seen !== null && isOlder(resourceVersion, seen)) return null;
      const listed = new Set(items.map(nameOf));
      const missing = [...known].filter(([name]) => !listed.has(name));
      const changes = [...missing.flatMap(([name, last]) => drop(name, last)), ...items.flatMap(take)];
      seen = resourceVersion;
      fresh = true;
      return changes;
    },
    event(event) {
      const version = event.type === 'BOOKMARK' ? event.resourceVersion : versionOf(event.object);
      const order = seen === null ? null : compareVersions(version, seen);
      if (version === '' || (order !== null && order <= 0)) return [];
      seen = version;
      if (event.type === 'BOOKMARK') return [];
      if (event.type !== 'DELETED') return take(event.object);
      const last = keep(event.object);
      const before = known.get(nameOf(event.object));
      return before === undefined ? [] : drop(nameOf(event.object), last ?? before);
    },
    version: () => (fresh ? seen : null),
    expire: () => {
      fresh = false;
    },
    reset() {
      const gone = [...known.values()].map((object): Change<T> => ({ type: 'gone', object }));
      known = new Map();
      seen = null;
      fresh = false;
      return gone;
    },
    size: () => known.size,
  };
}

/** Seen before, or from before that. */
function isNoNews(before: KubeObject, after: KubeObject): boolean {
  const order = compareVersions(versionOf(after), versionOf(before));
  return order !== null && order <= 0;
}

function nameOf({ metadata }: KubeObject): string {
  return metadata?.name ?? '';
}

function uidOf({ metadata }: KubeObject): string {
  return metadata?.uid ?? '';
}

function versionOf({ metadata }: KubeObject): string {
  return metadata?.resourceVersion ?? '';
}
