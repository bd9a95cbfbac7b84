import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';

/** A request as the server sees it. */
export interface Asked {
  method: string;
  /** Without the query. */
  path: string;
  query: URLSearchParams;
  /** `list`, `watch`, `get`, `apply`, `patch`, `create`, `delete`, `review`, or `other`. */
  verb: string;
  plural: string;
  name: string | null;
  headers: IncomingMessage['headers'];
  body: string;
}

export async function askedOf(request: IncomingMessage): Promise<Asked> {
  const { pathname: path, searchParams: query } = new URL(request.url ?? '/', 'http://fake');
  const method = request.method ?? 'GET';
  const body = await text(request);
  const found =
    /^\/(?:api\/v1|apis\/[^/]+\/[^/]+)\/(?:namespaces\/[^/]+\/)?([a-z]+)(?:\/([^/]+))?(?:\/([a-z]+))?$/.exec(
      path,
    );
  const [, plural = '', name = null, part] = found ?? [];
  const verb =
    found === null ? 'other' : verbOf({ method, query, plural, name, part, headers: request.headers });
  return { method, path, query, verb, plural, name, headers: request.headers, body };
}

interface Hints extends Pick<Asked, 'method' | 'query' | 'plural' | 'name' | 'headers'> {
  part: string | undefined;
}

function verbOf({ method, query, plural, name, part, headers }: Hints): string {
  if (plural === 'selfsubjectaccessreviews') return 'review';
  if (part !== undefined) return part;
  if (method === 'GET') return name !== null ? 'get' : query.has('watch') ? 'watch' : 'list';
  if (method === 'PATCH')
    return headers['content-type']?.startsWith('application/apply-patch') ? 'apply' : 'patch';
  return method === 'POST' ? 'create' : 'delete';
}
