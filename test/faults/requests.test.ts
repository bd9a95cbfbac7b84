/** Requests that nobody's client sends: each is answered as a mistake of whoever sent it, and the server stays. */
import { Agent, request, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { brotliCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listenOnPort, type Listener } from '../../src/server/process/listen.ts';
import { PROBES } from '../../src/server/people/rights.ts';
import { createTestPlane, FILES, localSubmission, type TestPlane } from '../contract/control-plane.ts';
import { createFakeEngine } from '../fakes/fake-engine.ts';
import { scaled } from './scale.ts';
import { chanceOf, seedsOf, type Chance } from './seed.ts';

const KEY = 'a-key-of-this-test';
const COUNT = scaled(40, 500);

let t: TestPlane;
let listener: Listener;
let digest: string;
let id: string;
/** A route, as the contract's document describes it. */
interface Described {
  requestBody?: object;
  parameters?: { in: string; name: string }[];
}
interface Route {
  method: string;
  path: string;
  /** Fields of its body, at any depth; of its query. */
  fields: string[];
  parameters: string[];
}
let routes: Route[];
const agent = new Agent({ keepAlive: true });

beforeAll(async () => {
  t = await createTestPlane({ apiKey: KEY, engine: createFakeEngine({ capacity: { max_experiments: 0 } }) });
  listener = await listenOnPort(
    { host: '127.0.0.1', port: 0 },
    { app: t.app, log: t.serving.log, onRequest: () => undefined },
  );
  digest = await t.snapshot(FILES);
  const authorization = `Bearer ${KEY}`;
  const { body } = await t.call('POST', '/experiments', localSubmission(digest), { authorization });
  id = body.experiment_id;
  const { body: document } = await t.call('GET', '/openapi.json', undefined, { authorization });
  const described = Object.entries<Record<string, Described>>(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { requestBody = {}, parameters = [] }]) => ({
      ...{ method: method.toUpperCase(), path, fields: [...new Set(fieldsIn(requestBody))] },
      parameters: parameters.filter((each) => each.in === 'query').map(({ name }) => name),
    })),
  );
  const probes = PROBES.map((probe) => {
    const [method = '', path = ''] = probe.split(' ');
    return { method, path, fields: [], parameters: [] };
  });
  routes = [...described, ...probes];
});

afterAll(async () => {
  agent.destroy();
  await listener.close(0);
  await t.close();
});

/** Names of properties in a description. */
function fieldsIn(schema: unknown): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  return Object.entries(schema).flatMap(([key, value]) => [
    ...(key === 'properties' && typeof value === 'object' && value !== null ? Object.keys(value) : []),
    ...fieldsIn(value),
  ]);
}

interface Broken {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: Buffer;
  /** How many bytes of the body are sent before the connection is cut; null: all. */
  cut: number | null;
}

const NAMES = [
  'x',
  'latest',
  '%00',
  '%ff',
  '%',
  '..%2f..%2fetc',
  'a'.repeat(3000),
  '%F0%9F%98%80',
  '-',
  '{ref}',
];
const QUERIES = [
  '',
  '?limit=-1',
  '?limit=%ff',
  '?limit=1e9&limit=2',
  '?label=',
  '?label=a&label==b',
  '?cursor=%00%00',
  '?since=yesterday',
  '?status=Broken',
  '?raw=true',
  '?tail=-5&follow=maybe',
  '?kind=..&path=/etc/passwd',
  '?kind=outputs&path=..%2f..',
  '?id=latest&id=%ff',
  '?force=perhaps',
  '?&&&==',
  `?message=${'%25'.repeat(500)}`,
];
const TYPES = [
  'application/json',
  'application/json; charset=utf-16',
  'text/plain',
  'application/x-tar',
  'multipart/form-data',
  ';;;',
  '',
];
const ENCODINGS = ['br', 'gzip', 'identity', 'zstd', 'x', ''];

function bodyOf(chance: Chance, fields: readonly string[]): Buffer {
  const valid = { ...localSubmission(digest), ids: [id], entries: [], labels: {}, older_than_s: 0 };
  const strange = [null, -1, 1e308, '', '\0', [], {}, true, 'x'.repeat(20_000), { __proto__: 1 }, [[[]]]];
  const bodies: (() => Buffer | string)[] = [
    () => '',
    () => chance.bytes(chance.between(1, 300)),
    () => JSON.stringify(valid).slice(0, chance.between(1, 60)),
    () => '[['.repeat(20_000),
    () => `${'{"a":'.repeat(3000)}1${'}'.repeat(3000)}`,
    () => 'null',
    () => '"text"',
    () => Buffer.from(JSON.stringify(valid), 'utf16le'),
    () => Buffer.from([0xff, 0xfe, 0x7b]),
    () => brotliCompressSync(Buffer.alloc(5000, 'x')).subarray(0, chance.between(0, 12)),
    () => brotliCompressSync(chance.bytes(600)),
    () => {
      const name = chance.pick(Object.keys(valid));
      return JSON.stringify({ ...valid, [name]: chance.pick(strange) });
    },
    () => JSON.stringify({ [chance.pick(Object.keys(valid))]: chance.pick(strange) }),
    () => {
      const names = fields.length === 0 ? Object.keys(valid) : fields;
      const some = Array.from({ length: chance.between(1, 4) }, () => chance.pick(names));
      return JSON.stringify(Object.fromEntries(some.map((name) => [name, chance.pick(strange)])));
    },
  ];
  return Buffer.from(chance.pick(bodies)());
}

function brokenRequest(chance: Chance, { method, path, fields, parameters }: Route): Broken {
  const filled = path.replace(/\{[^}]+\}/g, () => chance.pick([...NAMES, id, digest]));
  const body = method === 'GET' ? Buffer.alloc(0) : bodyOf(chance, fields);
  const headers: Record<string, string> = {};
  if (chance.below(1) < 0.8) headers['authorization'] = `Bearer ${KEY}`;
  else if (chance.below(1) < 0.5)
    headers['authorization'] = chance.pick(['Bearer', 'Basic eA==', 'x', 'Bearer wrong']);
  const type = chance.pick(TYPES);
  if (type !== '' && body.length > 0) headers['content-type'] = type;
  const encoding = chance.pick(ENCODINGS);
  if (encoding !== '' && chance.below(1) < 0.5) headers['content-encoding'] = encoding;
  return {
    method:
      chance.below(1) < 0.9 ? method : chance.pick(['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']),
    path: filled + queryOf(chance, parameters),
    headers,
    body,
    cut: body.length > 1 && chance.below(1) < 0.1 ? chance.between(0, body.length - 1) : null,
  };
}

const VALUES = ['', '-1', '%ff', '%00', '1e309', 'x'.repeat(3000), '..%2f..', 'latest', '%7B%7D', 'true'];

function queryOf(chance: Chance, parameters: readonly string[]): string {
  if (parameters.length === 0 || chance.below(1) < 0.5) return chance.pick(QUERIES);
  const some = Array.from({ length: chance.between(1, 3) }, () => chance.pick(parameters));
  return `?${some.map((name) => `${name}=${chance.pick(VALUES)}`).join('&')}`;
}

/** The answer; null for a request that was cut. Of an answer that is a success only its head is read. */
function send({
  method,
  path,
  headers,
  body,
  cut,
}: Broken): Promise<{ status: number; text: string } | null> {
  return new Promise((resolve, reject) => {
    const { port } = new URL(listener.address);
    const options = { agent, port, method, path, headers: { ...headers, 'content-length': body.length } };
    const sent = request({ host: '127.0.0.1', ...options }, (answer: IncomingMessage) => {
      const status = answer.statusCode ?? 0;
      if (status < 300) {
        answer.destroy();
        return resolve({ status, text: '' });
      }
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      answer.on('end', () => resolve({ status, text })).on('error', reject);
    });
    sent.on('error', (error) => (cut === null ? reject(error) : resolve(null)));
    if (cut === null) return void sent.end(body);
    sent.write(body.subarray(0, cut));
    setImmediate(() => sent.destroy());
    sent.on('close', () => resolve(null));
  });
}

/** Asked with a right key it would do what it says: the server of this test would leave. */
const isStop = (sent: Broken) => sent.method === 'POST' && sent.path.startsWith('/v1/server/stop');

describe('broken requests', () => {
  test('are sent to every route that there is', () => {
    const documented = new Set(routes.map(({ method, path }) => `${method} ${path}`));
    const served = t.app.routes
      .filter(({ method, path }) => method !== 'ALL' && path !== '/v1/openapi.json')
      .map(({ method, path }) => `${method} ${path.replace(/:([a-zA-Z_]+)(\{[^}]*\})?/g, '{$1}')}`);
    expect(served.filter((route) => !documented.has(route))).toEqual([]);
    expect(routes.some(({ path }) => path.startsWith('/v1/sweeps'))).toBe(true);
  });

  test.each(seedsOf('broken requests'))(
    'end as a mistake of the request, never of the server (seed %i)',
    async (seed) => {
      expect(routes.length).toBeGreaterThan(20);
      for (const route of routes) {
        const chance = chanceOf(seed, `${route.method} ${route.path}`);
        for (let round = 0; round < COUNT; round++) {
          const broken = brokenRequest(chance, route);
          if (isStop(broken)) delete broken.headers['authorization'];
          const answer = await send(broken);
          if (answer === null || answer.status < 300) continue;
          const what = `${broken.method} ${broken.path} ${JSON.stringify(broken.headers)} ${broken.body.subarray(0, 200).toString('latin1')}`;
          expect(answer.status, `${what}\n${answer.text}`).toBeGreaterThanOrEqual(400);
          expect(answer.status, `${what}\n${answer.text}`).toBeLessThan(500);
          const { error } = JSON.parse(answer.text);
          expect(error, what).toMatchObject({
            code: expect.any(String),
            message: expect.any(String),
            exit_code: expect.any(Number),
            request_id: expect.any(String),
          });
        }
      }
      const { status } = await t.call('GET', '/health');
      expect(status).toBe(200);
      expect(t.logged.filter((line) => 'err' in line)).toEqual([]);
    },
    scaled(120_000, 1_200_000),
  );

  test.each([
    { what: 'no HTTP', sent: 'hello\r\n\r\n', status: 400, code: 'usage' },
    {
      what: 'headers without an end',
      sent: `GET /v1/health HTTP/1.1\r\nx: ${'a'.repeat(40_000)}`,
      status: 431,
      code: 'too_large',
    },
    {
      what: 'a length that is none',
      sent: 'POST /v1/experiments HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n',
      status: 400,
      code: 'usage',
    },
  ])('$what is answered with an error object', async ({ sent, status, code }) => {
    const { port } = new URL(listener.address);
    const text = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(port), '127.0.0.1', () => socket.write(sent));
      let all = '';
      socket.setEncoding('utf8').on('data', (chunk: string) => (all += chunk));
      socket.on('end', () => resolve(all)).on('error', reject);
    });
    expect(text).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    const [, body = ''] = text.split('\r\n\r\n');
    expect(JSON.parse(body).error.code).toBe(code);
  });
});
