import type { Resource } from './objects.ts';

/** Path of the API server for all objects of a kind, or one of them, or a part of it (`log`, `exec`, …). */
export function pathOf(resource: Resource, namespace: string, ...rest: readonly string[]): string {
  const { group, version, plural, namespaced } = resource;
  const root = group === '' ? ['api', version] : ['apis', group, version];
  const place = namespaced ? ['namespaces', namespace] : [];
  return `/${[...root, ...place, plural, ...rest].map(encodeURIComponent).join('/')}`;
}
