import { text } from 'node:stream/consumers';
import { noAnswer, refusalOf } from './cluster-failure.ts';
import type { Cluster, RawRequest } from './cluster.ts';

/**
 * Any JSON document of the API server, asked for once. Null: there is none.
 *
 * @throws ClusterError for what was refused, could not be reached, or is no JSON; the signal's reason
 */
export async function readDocument(
  cluster: Cluster,
  path: string,
  request: RawRequest = {},
): Promise<unknown> {
  const answer = await cluster.request(path, request);
  const { statusCode = 0, headers } = answer;
  const body = await text(answer).catch((error: unknown) => {
    throw request.signal?.aborted === true ? request.signal.reason : noAnswer(cluster.server, error);
  });
  if (statusCode === 404) return null;
  if (statusCode >= 300) throw refusalOf(statusCode, body, headers['retry-after']);
  try {
    return JSON.parse(body);
  } catch (error) {
    throw noAnswer(cluster.server, new Error('its answer is not JSON', { cause: error }));
  }
}

/** A part of a document; undefined where it has another shape. */
export function partOf(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (part, key) => (typeof part === 'object' && part !== null ? Reflect.get(part, key) : undefined),
    value,
  );
}

export function listAt(value: unknown, ...path: readonly string[]): unknown[] {
  const found = partOf(value, ...path);
  return Array.isArray(found) ? found : [];
}

export function textAt(value: unknown, ...path: readonly string[]): string | null {
  const found = partOf(value, ...path);
  return typeof found === 'string' ? found : null;
}
