import { request, type IncomingMessage } from 'node:http';
import { createInterface } from 'node:readline';
import { text as textOf } from 'node:stream/consumers';
import type { KubeObject, Resource } from '../../../src/engines/kubernetes/api/objects.ts';
import { RESOURCES } from '../../../src/engines/kubernetes/api/objects.ts';
import { cluster } from './found.ts';

interface Place {
  /** Null: the whole cluster. */
  namespace: string | null;
  name?: string;
  /** `log`, `eviction`, `status`, … */
  below?: string;
}

interface Asked {
  method?: string;
  body?: object;
  query?: Record<string, string>;
  type?: string;
}

/** What the API server says when it says no. */
export class Refused extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** The API server as a test's own witness and accomplice: nothing of the engine is in between. */
export function at(resource: Resource, namespace: string | null) {
  const path = (more: Omit<Place, 'namespace'> = {}) => pathOf(resource, { namespace, ...more });
  return {
    get: <T extends KubeObject>(name: string): Promise<T> => ask(path({ name })),
    async list<T extends KubeObject>(labelSelector = ''): Promise<T[]> {
      return (await ask<{ items: T[] }>(path(), { query: { labelSelector } })).items;
    },
    create: <T extends KubeObject>(body: T, query: Record<string, string> = {}): Promise<T> =>
      ask(path(), { method: 'POST', body, query }),
    patch: <T extends KubeObject>(name: string, body: object, below?: string): Promise<T> =>
      ask(path({ name, ...(below !== undefined && { below }) }), {
        ...{ method: 'PATCH', body, type: 'application/merge-patch+json' },
      }),
    remove: (name: string, body: object = { propagationPolicy: 'Background' }): Promise<unknown> =>
      ask(path({ name }), { method: 'DELETE', body }),
    post: <T>(name: string, below: string, body: object): Promise<T> =>
      ask(path({ name, below }), { method: 'POST', body }),
    /** Waits until what there is makes `holds` true. */
    until: <T extends KubeObject>(
      holds: (items: readonly T[]) => boolean,
      labelSelector = '',
    ): Promise<T[]> => until<T>(path(), holds, labelSelector),
  };
}

export const pods = (namespace: string) => at(RESOURCES.pods, namespace);
export const jobsets = (namespace: string) => at(RESOURCES.jobsets, namespace);

/** As a drain does it. */
export async function evict(namespace: string, name: string): Promise<void> {
  const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace } };
  await pods(namespace).post(name, 'eviction', body);
}

function pathOf({ group, version, plural }: Resource, { namespace, name, below }: Place): string {
  const api = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  const inside = namespace === null ? '' : `/namespaces/${namespace}`;
  return `${api}${inside}/${plural}${name === undefined ? '' : `/${name}`}${below === undefined ? '' : `/${below}`}`;
}

/** Throws `Refused`. */
async function ask<T>(path: string, asked: Asked = {}): Promise<T> {
  const response = await open(path, asked);
  const text = await textOf(response);
  if ((response.statusCode ?? 0) >= 300) throw new Refused(response.statusCode ?? 0, `${path}: ${text}`);
  const answer: T = JSON.parse(text);
  return answer;
}

function open(path: string, { method = 'GET', body, query = {}, type }: Asked): Promise<IncomingMessage> {
  const search = new URLSearchParams(query).toString();
  const sent = body === undefined ? '' : JSON.stringify(body);
  const headers = {
    'content-type': type ?? 'application/json',
    'content-length': String(Buffer.byteLength(sent)),
  };
  return new Promise((resolve, reject) => {
    request({ socketPath: cluster.socket, path: `${path}?${search}`, method, headers }, resolve)
      .on('error', reject)
      .end(sent);
  });
}

interface Change<T> {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'ERROR';
  object: T;
}

interface List<T> {
  items: T[];
  metadata: { resourceVersion: string };
}

/** What there is counts, all of it, and what becomes of it from then on; a watch that the server ends begins anew. */
async function until<T extends KubeObject>(
  path: string,
  holds: (items: readonly T[]) => boolean,
  labelSelector: string,
): Promise<T[]> {
  for (;;) {
    const { items, metadata } = await ask<List<T>>(path, { query: { labelSelector } });
    if (holds(items)) return items;
    const there = new Map(items.map((item) => [item.metadata?.uid, item]));
    const query = { labelSelector, watch: '1', resourceVersion: metadata.resourceVersion };
    const response = await open(path, { query });
    for await (const line of createInterface({ input: response })) {
      const { type, object }: Change<T> = JSON.parse(line);
      if (type === 'ERROR') break;
      if (type === 'DELETED') there.delete(object.metadata?.uid);
      else there.set(object.metadata?.uid, object);
      if (!holds([...there.values()])) continue;
      response.destroy();
      return [...there.values()];
    }
    response.destroy();
  }
}
