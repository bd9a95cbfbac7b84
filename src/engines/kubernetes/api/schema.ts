import { isClusterError } from './cluster-error.ts';
import type { Cluster } from './cluster.ts';
import { listAt, partOf, readDocument, textAt } from './document.ts';
import type { Resource } from './objects.ts';

/** The schema of a kind, which everybody may read, unlike its definition. Null: the API server does not tell. */
export async function schemaOf(cluster: Cluster, { group, version, kind }: Resource): Promise<unknown> {
  const document = await readable(() => readDocument(cluster, `/openapi/v3/apis/${group}/${version}`));
  const schemas = Object.values(partOf(document, 'components', 'schemas') ?? {});
  const isKind = (schema: unknown) =>
    listAt(schema, 'x-kubernetes-group-version-kind').some((each) => textAt(each, 'kind') === kind);
  return schemas.find(isKind) ?? null;
}

/** `path`: names of fields from the object's top on; `[]` for the items of a list. */
export function hasField(schema: unknown, path: readonly string[]): boolean {
  const found = path.reduce<unknown>(
    (part, key) => (key === '[]' ? partOf(part, 'items') : partOf(part, 'properties', key)),
    schema,
  );
  return found !== undefined;
}

/** Null: this user may not read it. */
export async function readable(read: () => Promise<unknown>): Promise<unknown> {
  try {
    return await read();
  } catch (error) {
    if (isClusterError(error, 403)) return null;
    throw error;
  }
}
