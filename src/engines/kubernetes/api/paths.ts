import type { Resource } from './objects.ts';

type Query = Record<string, string | number | boolean | readonly string[] | undefined>;

/** Path of the API server for all objects of a kind, or one of them, or a part of it (`log`, `exec`, …). */
export function pathOf(resource: Resource, namespace: string, ...rest: readonly string[]): string {
  const { group, version, plural, namespaced } = resource;
  const root = group === '' ? ['api', version] : ['apis', group, version];
  const place = namespaced ? ['namespaces', namespace] : [];
  return `/${[...root, ...place, plural, ...rest].map(encodeURIComponent).join('/')}`;
}

/** A query with what is defined in it, `?` included. */
export function query(values: Query): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) continue;
    for (const one of Array.isArray(value) ? value : [value]) search.append(name, String(one));
  }
  const text = search.toString();
  return text === '' ? '' : `?${text}`;
}
