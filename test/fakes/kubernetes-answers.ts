import type { FakeApi, Misbehaviour } from './kubernetes-api.ts';
import type { Asked } from './kubernetes-request.ts';
import type { FakeStore, Given, Stored } from './kubernetes-store.ts';

/** An answer that is no success. */
export interface Refused {
  status: number;
  reason?: string;
  retryAfterS?: number;
  causes?: string[];
  /** In place of one that says nothing. */
  message?: string;
  /** A body that is no Status. */
  plain?: string;
}

const NOT_FOUND: Refused = { status: 404, reason: 'NotFound' };

/** Does what a request asks for. A text: a log. */
export async function perform(
  api: FakeApi,
  asked: Asked,
  bad: Misbehaviour | null,
): Promise<object | string> {
  const { store } = api;
  const { verb, plural, name, path, query } = asked;
  if ([...api.missing].some((group) => path.startsWith(`/apis/${group}/`)))
    return { status: 404, plain: '404 page not found\n' };
  if (api.forbidden.has(`${verb} ${plural}`)) return { status: 403, reason: 'Forbidden' };
  const document = api.documents.get(path);
  if (document !== undefined) return document;
  switch (verb) {
    case 'list':
      return listPage(store, asked, bad);
    case 'get':
      return store.get(plural, name ?? '') ?? NOT_FOUND;
    case 'apply':
    case 'create':
      if (verb === 'create' && store.get(plural, bodyOf(asked).metadata.name) !== null)
        return { status: 409, reason: 'AlreadyExists' };
      return query.has('dryRun') ? bodyOf(asked) : store.put(plural, bodyOf(asked));
    case 'patch':
      return store.mergePatch(plural, name ?? '', changeOf(store, asked)) ?? NOT_FOUND;
    case 'delete':
      return removed(store, asked);
    case 'review':
      return review(api, asked);
    case 'log':
      return api.logOf(name ?? '', query) ?? { status: 400, reason: 'BadRequest' };
    default:
      return { major: '1', minor: '36' };
  }
}

function bodyOf(asked: Asked): Given {
  return JSON.parse(asked.body);
}

const LESS_FINALIZERS = '$deleteFromPrimitiveList/finalizers';

/** What is asked for as a merge patch; of strategic ones it knows those that take finalizers away. */
function changeOf(store: FakeStore, { plural, name, headers, body }: Asked): Record<string, unknown> {
  const change = JSON.parse(body);
  if (!headers['content-type']?.startsWith('application/strategic-merge-patch')) return change;
  const { [LESS_FINALIZERS]: less = [], ...metadata } = change.metadata;
  const present = store.get(plural, name ?? '')?.metadata.finalizers ?? [];
  return { ...change, metadata: { ...metadata, finalizers: present.filter((each) => !less.includes(each)) } };
}

function removed(store: FakeStore, { plural, name, body }: Asked): object {
  const { preconditions } = JSON.parse(body) as { preconditions?: { uid?: string } };
  const object = store.get(plural, name ?? '');
  if (object === null) return NOT_FOUND;
  if (preconditions?.uid !== undefined && preconditions.uid !== object.metadata.uid)
    return { status: 409, reason: 'Conflict' };
  return store.remove(plural, name ?? '') ?? NOT_FOUND;
}

function review({ forbidden }: FakeApi, { body }: Asked): object {
  const { resourceAttributes: asked } = (
    JSON.parse(body) as { spec: { resourceAttributes: Record<string, string> } }
  ).spec;
  const what = `${asked['resource']}${asked['subresource'] === undefined ? '' : `/${asked['subresource']}`}`;
  return { kind: 'SelfSubjectAccessReview', status: { allowed: !forbidden.has(`${asked['verb']} ${what}`) } };
}

/** A token of a list that goes on: which version, and from where. */
function listPage(store: FakeStore, { plural, query }: Asked, bad: Misbehaviour | null): object {
  const [given, offset = '0'] = query.get('continue')?.split(':') ?? [];
  const version =
    given === undefined ? store.version() - (bad?.kind === 'stale' ? bad.by : 0) : Number(given);
  if (given !== undefined && version < store.oldest()) return { status: 410, reason: 'Expired' };
  const all = store.at(plural, version).filter((object) => isSelected(object, query));
  const from = Number(offset);
  const limit = Number(query.get('limit') ?? all.length);
  const more = from + limit < all.length;
  return {
    kind: 'List',
    metadata: { resourceVersion: String(version), ...(more && { continue: `${version}:${from + limit}` }) },
    items: all.slice(from, from + limit),
  };
}

/** Label selectors of one key, with a value or without; field selectors of one field of the object itself. */
export function isSelected(object: Stored, query: URLSearchParams): boolean {
  const [label = '', value] = query.get('labelSelector')?.split('=') ?? [];
  const labels = object.metadata.labels ?? {};
  if (label !== '' && (value === undefined ? !(label in labels) : labels[label] !== value)) return false;
  const [field = '', wanted] = query.get('fieldSelector')?.split('=') ?? [];
  return field === '' || object[field] === wanted;
}
