import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ClusterError } from '../../../../../src/engines/kubernetes/api/cluster-error.ts';
import type { Cluster, WatchEvent } from '../../../../../src/engines/kubernetes/api/cluster.ts';
import { openConnection } from '../../../../../src/engines/kubernetes/api/access/connection.ts';
import { createCluster } from '../../../../../src/engines/kubernetes/api/http/http-cluster.ts';
import { RESOURCES, type KubeObject } from '../../../../../src/engines/kubernetes/api/objects.ts';
import {
  kubeconfigText,
  startFakeApi,
  type FakeApi,
  type Misbehaviour,
} from '../../../../fakes/kubernetes-api.ts';
import type { Asked } from '../../../../fakes/kubernetes-request.ts';
import { writeFile } from 'node:fs/promises';

let api: FakeApi;
let cluster: Cluster;
let logged: string;
beforeEach(async () => {
  api = await startFakeApi();
  logged = '';
  const access = { kind: 'kubeconfig', file: api.kubeconfig, context: null, namespace: null } as const;
  const log = { info: (facts: object, message: string) => (logged += JSON.stringify({ ...facts, message })) };
  cluster = createCluster(await openConnection(access, { env: {} }), { log, chance: () => 0 });
});
afterEach(async () => {
  cluster.close();
  await api.close();
});

/** The first requests fare so, the rest well. */
function first(...fates: (Misbehaviour | null)[]): void {
  api.misbehave(() => fates.shift() ?? null);
}

function object(name: string, more: object = {}) {
  return { metadata: { name }, ...more };
}

async function failureOf(
  asked: Promise<unknown>,
): Promise<{ status: number; reason: string; message: string }> {
  const error = await asked.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ClusterError)) throw new Error(`no ClusterError: ${String(error)}`);
  return { status: error.status, reason: error.reason, message: error.message };
}

const verbs = () => api.requests.map(({ verb }) => verb);

describe('requests', () => {
  test('an apply names its manager, takes nothing from others, and refuses unknown fields', async () => {
    const applied = await cluster.apply(RESOURCES.jobsets, object('a', { spec: { x: 1 } }));
    expect(applied.metadata).toMatchObject({ name: 'a', uid: expect.any(String) });
    const [asked] = api.requests;
    expect(asked).toMatchObject({
      method: 'PATCH',
      path: '/apis/jobset.x-k8s.io/v1alpha2/namespaces/lab/jobsets/a',
    });
    expect(Object.fromEntries(asked?.query ?? [])).toEqual({
      fieldManager: 'aichor',
      fieldValidation: 'Strict',
    });
    expect(asked?.headers).toMatchObject({
      'content-type': 'application/apply-patch+yaml',
      authorization: 'Bearer secret-token',
    });
    expect(JSON.parse(asked?.body ?? '')).toEqual({
      ...object('a', { spec: { x: 1 } }),
      apiVersion: 'jobset.x-k8s.io/v1alpha2',
      kind: 'JobSet',
    });
  });

  test('a dry run stores nothing', async () => {
    await cluster.apply(RESOURCES.pods, object('a'), { dryRun: true });
    expect(api.requests[0]?.query.get('dryRun')).toBe('All');
    expect(await cluster.get(RESOURCES.pods, 'a')).toBeNull();
  });

  test('what is not there is null, or false; a kind that is not installed is neither', async () => {
    expect(await cluster.get(RESOURCES.pods, 'a')).toBeNull();
    expect(await cluster.patch(RESOURCES.pods, 'a', {})).toBeNull();
    expect(await cluster.remove(RESOURCES.pods, 'a')).toBe(false);
    api.missing.add('ray.io');
    expect(await failureOf(cluster.get(RESOURCES.rayjobs, 'a'))).toMatchObject({
      status: 404,
      reason: 'NoSuchKind',
    });
  });

  test('only the very object is removed', async () => {
    const { metadata } = await cluster.apply<KubeObject>(RESOURCES.pods, object('a'));
    expect(await cluster.remove(RESOURCES.pods, 'a', { uid: 'another' })).toBe(false);
    expect(await cluster.remove(RESOURCES.pods, 'a', { uid: metadata?.uid ?? '', graceSeconds: 3 })).toBe(
      true,
    );
    expect(verbs()).toEqual(['apply', 'delete', 'delete']);
    expect(JSON.parse(api.requests[2]?.body ?? '')).toMatchObject({
      gracePeriodSeconds: 3,
      propagationPolicy: 'Background',
    });
  });

  test('a merge patch', async () => {
    await cluster.apply(RESOURCES.pods, { metadata: { name: 'a', finalizers: ['f'] } });
    const patched = await cluster.patch(RESOURCES.pods, 'a', { metadata: { finalizers: null } });
    expect(patched?.metadata?.finalizers).toBeUndefined();
  });

  test('permissions', async () => {
    api.forbidden.add('create jobsets').add('get pods/log');
    expect(await cluster.may({ verb: 'create', resource: RESOURCES.jobsets })).toBe(false);
    expect(await cluster.may({ verb: 'get', resource: RESOURCES.pods, subresource: 'log' })).toBe(false);
    expect(await cluster.may({ verb: 'get', resource: RESOURCES.pods, namespace: null })).toBe(true);
    const asked = api.requests.map(({ body }) => JSON.parse(body).spec.resourceAttributes);
    expect(asked.map(({ namespace }) => namespace)).toEqual(['lab', 'lab', undefined]);
  });

  test('any other path, as it is answered', async () => {
    const answer = await cluster.request('/version');
    expect([answer.statusCode, JSON.parse(await text(answer))]).toEqual([200, { major: '1', minor: '36' }]);
  });

  test('a log', async () => {
    api.logOf = (pod, query) =>
      pod === 'a' ? `${query.get('container')} ${query.get('timestamps')}\n` : null;
    const { signal } = new AbortController();
    const log = await cluster.log('a', { container: 'main', follow: false, timestamps: true, signal });
    expect(await text(log)).toBe('main true\n');
    const none = cluster.log('b', { container: 'main', follow: false, signal });
    expect(await failureOf(none)).toMatchObject({ status: 400, reason: 'BadRequest' });
  });
});

describe('what is repeated', () => {
  test.each<[string, Misbehaviour]>([
    ['too many requests', { kind: 'status', status: 429, retryAfterS: 0 }],
    ['a server error', { kind: 'status', status: 503, reason: 'ServiceUnavailable' }],
    ['a proxy error', { kind: 'status', status: 502, plain: '<html>Bad gateway</html>' }],
    ['a connection cut before', { kind: 'cut', after: false }],
    ['a connection cut after', { kind: 'cut', after: true }],
    ['two writers at once', { kind: 'status', status: 409, reason: 'Conflict' }],
  ])('an apply after %s: one object', async (_what, fate) => {
    first(fate, fate);
    await cluster.apply(RESOURCES.pods, object('a', { spec: {} }));
    expect(api.store.at('pods', api.store.version())).toHaveLength(1);
    expect(api.store.since('pods', 0).map(({ type }) => type)).toEqual(['ADDED']);
    expect(verbs()).toEqual(['apply', 'apply', 'apply']);
    expect(logged).toContain('asked again');
  });

  test('not for ever', async () => {
    api.misbehave(() => ({ kind: 'status', status: 503, reason: 'ServiceUnavailable' }));
    expect(await failureOf(cluster.get(RESOURCES.pods, 'a'))).toMatchObject({
      status: 503,
      reason: 'ServiceUnavailable',
    });
    expect(api.requests).toHaveLength(5);
  });

  test.each<[string, Misbehaviour, object]>([
    [
      'a field of somebody else',
      { kind: 'status', status: 409, reason: 'Conflict', causes: ['FieldManagerConflict'] },
      { status: 409 },
    ],
    ['a refusal', { kind: 'status', status: 422, reason: 'Invalid' }, { status: 422, reason: 'Invalid' }],
    [
      'no permission',
      { kind: 'status', status: 403, reason: 'Forbidden' },
      { status: 403, message: 'refused: Forbidden' },
    ],
    ['an order to come back in an hour', { kind: 'status', status: 429, retryAfterS: 3600 }, { status: 429 }],
  ])('not after %s', async (_what, fate, expected) => {
    first(fate);
    expect(await failureOf(cluster.apply(RESOURCES.pods, object('a')))).toMatchObject(expected);
    expect(api.requests).toHaveLength(1);
  });

  test('nobody there', async () => {
    await api.close();
    expect(await failureOf(cluster.get(RESOURCES.pods, 'a'))).toMatchObject({
      status: 0,
      reason: 'ECONNREFUSED',
      message: expect.stringContaining(`${api.url} cannot be reached`),
    });
  });
});

describe('credentials', () => {
  test('a refused token is read again, once', async () => {
    api.tokens = new Set(['newer']);
    await writeFile(api.kubeconfig, kubeconfigText(api.url, 'newer'));
    expect(await cluster.get(RESOURCES.pods, 'a')).toBeNull();
    expect(api.requests.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer secret-token',
      'Bearer newer',
    ]);
  });

  test('one that stays refused is told', async () => {
    api.tokens = new Set(['another']);
    expect(await failureOf(cluster.get(RESOURCES.pods, 'a'))).toMatchObject({
      status: 401,
      reason: 'Unauthorized',
    });
    expect(api.requests).toHaveLength(2);
  });

  test('a kubeconfig that is gone by then: why nothing can be asked', async () => {
    api.tokens = new Set();
    await writeFile(api.kubeconfig, 'nonsense: [');
    expect(await failureOf(cluster.get(RESOURCES.pods, 'a'))).toMatchObject({
      status: 401,
      reason: 'NoCredentials',
    });
  });

  test('neither they nor what is sent are in the log or in errors', async () => {
    first({ kind: 'status', status: 503 }, { kind: 'status', status: 422, reason: 'Invalid' });
    const secret = { metadata: { name: 's' }, stringData: { PASSWORD: 'hunter2' } };
    const { message } = await failureOf(cluster.apply(RESOURCES.secrets, secret));
    expect(message).toBe('the API server refuses Secret s: Invalid');
    expect(logged).toContain('/secrets/s');
    expect(logged).not.toMatch(/hunter2|secret-token/);
  });
});

describe('lists', () => {
  const names = (listed: { items: KubeObject[] }) => listed.items.map(({ metadata }) => metadata?.name);
  const all = Array.from({ length: 1203 }, (_, index) => `p${String(index).padStart(4, '0')}`);
  const isPage = ({ verb, query }: Asked) => verb === 'list' && query.has('continue');

  test('come in pages, as of one version', async () => {
    for (const name of all) api.store.put('pods', object(name));
    const listed = await cluster.list(RESOURCES.pods);
    expect(names(listed)).toEqual(all);
    expect(listed.resourceVersion).toBe(String(api.store.version()));
    expect(api.requests).toHaveLength(3);
  });

  test('start again when the server has forgotten that version, at last in one piece', async () => {
    for (const name of all) api.store.put('pods', object(name));
    api.misbehave((asked) => (isPage(asked) ? { kind: 'status', status: 410, reason: 'Expired' } : null));
    expect(names(await cluster.list(RESOURCES.pods))).toEqual(all);
    expect(api.requests.map(({ query }) => query.get('limit'))).toEqual([
      '500',
      '500',
      '500',
      '500',
      '500',
      '500',
      null,
    ]);
  });

  test('of what is selected', async () => {
    api.store.put('pods', { metadata: { name: 'a', labels: { l: '1' } } });
    api.store.put('pods', { metadata: { name: 'b', labels: { l: '2' } } });
    expect(names(await cluster.list(RESOURCES.pods, { labelSelector: 'l=2' }))).toEqual(['b']);
  });
});

describe('watches', () => {
  async function watched(options: { until: number; timeoutSeconds?: number; signal?: AbortSignal }) {
    const events: WatchEvent<KubeObject>[] = [];
    const { until, signal = new AbortController().signal, ...more } = options;
    for await (const event of cluster.watch(RESOURCES.pods, { resourceVersion: '1000', signal, ...more })) {
      events.push(event);
      if (events.length === until) break;
    }
    return events.map((event) => [
      event.type,
      event.type === 'BOOKMARK' ? event.resourceVersion : event.object.metadata?.name,
    ]);
  }

  test('tell what has changed since, and ask for bookmarks and an end', async () => {
    api.store.put('pods', object('a'));
    api.store.remove('pods', 'a');
    expect(await watched({ until: 2, timeoutSeconds: 77 })).toEqual([
      ['ADDED', 'a'],
      ['DELETED', 'a'],
    ]);
    expect(Object.fromEntries(api.requests[0]?.query ?? [])).toEqual({
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion: '1000',
      timeoutSeconds: '77',
    });
  });

  test('return when the server ends them, and when they are aborted', async () => {
    expect(await watched({ until: 1, timeoutSeconds: 1 })).toEqual([]);
    const abort = new AbortController();
    const over = watched({ until: 1, signal: abort.signal });
    await expect.poll(verbs).toContain('watch');
    abort.abort();
    expect(await over).toEqual([]);
  });

  test.each<[string, Misbehaviour, object]>([
    ['a version that is too old', { kind: 'gone' }, { status: 410, reason: 'Expired' }],
    ['the same, told by the status', { kind: 'status', status: 410, reason: 'Expired' }, { status: 410 }],
    ['half a line', { kind: 'half', events: 0 }, { status: 0 }],
    ['a connection that is cut', { kind: 'cut', after: false }, { status: 0, reason: 'ECONNRESET' }],
    ['too many requests', { kind: 'status', status: 429 }, { status: 429 }],
  ])('throw at %s, and are not repeated', async (_what, fate, expected) => {
    first(fate);
    api.store.put('pods', object('a'));
    expect(await failureOf(watched({ until: 1 }))).toMatchObject(expected);
    expect(api.requests).toHaveLength(1);
  });
});
