/** Metrics that pods of a cluster write to an object store: a real one, with files of real writers. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { objectAccess } from '../../src/engines/kubernetes/pod/object-access.ts';
import { serveObjects } from '../../src/object-store/serve/serve.ts';
import { DEFAULT_SETTINGS } from '../../src/render/kubernetes/settings/settings.ts';
import type { Kubernetes } from '../../src/server/engines/cluster.ts';
import { createFakeEngine, podFact, type FakeEngine, type FakeRun } from '../fakes/fake-engine.ts';
import { s3Client, type S3Client } from '../object-store/client.ts';
import { stubCluster } from '../unit/engines/kubernetes/stub-cluster.ts';
import { createTestPlane, FILES, JOBSET, localSubmission, type TestPlane } from './control-plane.ts';

const FIXTURES = join(import.meta.dirname, '../fixtures/event-files');
const RATES = { every: 50, most: 100, refused: 100, last: 1500 };
const KEYS = { accessKey: 'AKCANARY', secretKey: `canary-${randomBytes(16).toString('hex')}` };
const TENSORBOARD = JOBSET.replace('  types:', '  tensorboard: {enabled: true}\n  types:');

let home: string;
let store: Server;
let s3: S3Client;
/** What was asked of the store. */
let asked: { url: string; range: string | undefined }[];
/** The project's Secret. */
let secret: Record<string, string> | null;
let endpoint: string;
/** How addresses begin. */
let scheme: 's3' | 'gs';
let engine: FakeEngine;
let plane: TestPlane;

const clusters: Kubernetes = {
  engine: ({ name }) => {
    const settings = { ...DEFAULT_SETTINGS, storage: { ...DEFAULT_SETTINGS.storage, s3_endpoint: endpoint } };
    const get = () => Promise.resolve(secret === null ? null : { data: encoded(secret) });
    engine = {
      ...createFakeEngine(),
      ...{ name, kind: 'kubernetes' },
      paths: ({ id, plan }) => ({
        ...{ input: `${scheme}://runs/in/`, output: `${scheme}://runs/${id}/` },
        tensorboard: plan?.tensorboard.enabled ? `${scheme}://runs/${id}/tensorboard` : null,
      }),
      // What is left to it, it has carried out as if it were a run.
      collect: (context) => engine.run(context),
      objectAccess: (pods) => objectAccess(stubCluster({ get: get as never }), settings, pods),
    };
    return engine;
  },
  server: async () => 'https://k8s.test',
  check: async () => [],
  ownNamespace: async () => 'team',
};
const encoded = (values: Record<string, string>) =>
  Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, Buffer.from(value).toString('base64')]),
  );

beforeEach(async () => {
  scheme = 's3';
  home = mkdtempSync(join(tmpdir(), 'aichor-object-metrics-'));
  const buckets = [{ name: 'runs', folder: join(home, 'runs'), writable: '' }];
  store = await serveObjects({ ...KEYS, port: 0, state: join(home, 'state'), buckets });
  const { port } = store.address() as AddressInfo;
  endpoint = `http://127.0.0.1:${port}`;
  s3 = s3Client(port, KEYS);
  asked = [];
  store.prependListener('request', ({ method, url = '', headers }: IncomingMessage) => {
    if (method === 'GET') asked.push({ url, range: headers.range });
  });
  secret = { AWS_ACCESS_KEY_ID: KEYS.accessKey, AWS_SECRET_ACCESS_KEY: KEYS.secretKey };
  plane = await createTestPlane({ kubernetes: clusters, rates: RATES });
  await plane.call('POST', '/engines', {
    name: 'gpu',
    connection: { kind: 'reference', file: '/k', context: 'lab' },
    namespace: 'team',
  });
});
afterEach(async () => {
  await plane.close();
  store.closeAllConnections();
  store.close();
  rmSync(home, { recursive: true, force: true });
});

async function submit(manifest = TENSORBOARD, more: object = {}): Promise<{ id: string; run: FakeRun }> {
  const snapshot = await plane.snapshot({ ...FILES, 'manifest.yaml': manifest });
  const sent = { ...localSubmission(snapshot), engine: 'gpu', ...more };
  const { status, body } = await plane.call('POST', '/experiments', sent);
  expect(status, JSON.stringify(body)).toBe(201);
  const run = await engine.started(body.experiment_id);
  run.emit(podFact('worker-0-0', 'Running'));
  return { id: body.experiment_id, run };
}

async function put(id: string, key: string, body: Buffer | string): Promise<void> {
  expect((await s3('PUT', `/runs/${id}/${key}`, { body })).status).toBe(200);
}

test("Google's addresses are read as well, with HMAC keys", async () => {
  scheme = 'gs';
  const { id, run } = await submit();
  await put(id, 'tensorboard/events.out.tfevents.1.pod', eventFile('tensorboardX'));
  await expect.poll(() => seriesOf(id, 'loss'), SOON).toEqual(LOSS);
  run.endWith('Succeeded');
  expect(await ended(id)).toMatchObject({ status: 'Succeeded', notices: [] });
});

async function record(id: string) {
  return (await plane.call('GET', `/experiments/${id}`)).body;
}
const metricsOf = async (id: string) => (await record(id)).metrics ?? {};
const notices = async (id: string): Promise<{ code: string; message: string }[]> =>
  (await record(id)).notices;
const SOON = { timeout: 20_000 };
const ended = async (id: string) => (await plane.until(id, (state) => state.ended)).record;

async function seriesOf(id: string, name: string) {
  const { body } = await plane.call('GET', `/experiments/${id}/metrics`);
  const found = body.metrics.find((one: { name: string }) => one.name === name);
  return found?.series.map(([step, , value, attempt]: unknown[]) => [step, value, attempt]);
}

/** The bytes of the only event file of a fixture. */
function eventFile(name: string): Buffer {
  const [file = ''] = readdirSync(join(FIXTURES, name)).filter((one) => one.includes('tfevents'));
  return readFileSync(join(FIXTURES, name, file));
}

const LOSS = [
  ...[[0, 0.5] as const, [1, 0.1] as const, [3, 'NaN'] as const, [2, 'Infinity'] as const],
  ...[
    [-3, '-Infinity'] as const,
    [1_099_511_627_776, 1e-30] as const,
    [1_099_511_627_777, 16_777_216] as const,
  ],
].map(([step, value]) => [step, value, 1]);

test('an object that grows is read on: each value once, and of its bytes only what is new', async () => {
  const { id, run } = await submit();
  const bytes = Buffer.concat([eventFile('tensorboardX')]);
  const key = 'tensorboard/events.out.tfevents.1.pod';
  const cut = Math.floor(bytes.length / 2);
  await put(id, key, bytes.subarray(0, cut));
  await put(id, 'checkpoint.bin', 'no metric');
  await expect.poll(async () => Object.keys(await metricsOf(id)), SOON).toContain('loss');
  asked.length = 0;
  await put(id, key, bytes);
  await put(id, 'tensorboard/trial/events.out.tfevents.2.pod', eventFile('tensorboardX/trial'));
  await expect.poll(() => seriesOf(id, 'loss'), SOON).toEqual(LOSS);
  const ranges = asked.filter(({ url }) => url.includes('tfevents.1.pod')).map(({ range }) => range ?? '');
  expect(ranges).toHaveLength(1);
  expect(Number(/bytes=(\d+)-/.exec(ranges[0] ?? '')?.[1])).toBeGreaterThan(cut - 256 - 120);
  expect(asked.filter(({ url }) => url.includes('checkpoint'))).toEqual([]);
  await put(id, 'metrics.jsonl', '{"step": 1, "f1": 0.5}\n');
  await expect.poll(async () => (await metricsOf(id)).f1?.last, SOON).toBe(0.5);
  // A last line without an end counts at the end, and what was written by then.
  await put(id, 'metrics.jsonl', '{"step": 1, "f1": 0.5}\n{"step": 2, "f1": 0.75}');
  run.endWith('Succeeded');
  expect(await ended(id)).toMatchObject({ status: 'Succeeded', notices: [] });
  expect(await seriesOf(id, 'f1')).toEqual([
    [1, 0.5, 1],
    [2, 0.75, 1],
  ]);
  expect(await seriesOf(id, 'loss')).toEqual(LOSS);
  expect(Object.keys(await metricsOf(id)).sort()).toEqual(['f1', 'hparam/accuracy', 'loss', 'é_t_a_g']);
});

test('a server that died right after the end has the last look taken by the next one', async () => {
  const { id, run } = await submit();
  run.emit(podFact('worker-0-0', 'Succeeded'), { type: 'ended' });
  await ended(id);
  await plane.close();
  await put(id, 'metrics.jsonl', '{"step": 1, "f1": 0.5}\n');
  plane = await createTestPlane({ kubernetes: clusters, rates: RATES, data: plane.data });
  const rest = await engine.started(id);
  rest.emit({ type: 'progress', message: 'reading' });
  rest.endWith('Succeeded');
  await expect.poll(async () => (await metricsOf(id)).f1?.last, SOON).toBe(0.5);
});

test('nothing is asked for again that has not changed, also by the next server', async () => {
  const { id } = await submit();
  const bytes = eventFile('tensorboardX');
  await put(id, 'tensorboard/a.tfevents', bytes.subarray(0, bytes.length - 40));
  await expect.poll(async () => Object.keys(await metricsOf(id)), SOON).toContain('loss');
  await plane.close();
  asked.length = 0;
  plane = await createTestPlane({ kubernetes: clusters, rates: RATES, data: plane.data });
  const run = await engine.started(id);
  await expect.poll(async () => asked.length, SOON).toBeGreaterThan(4);
  expect(asked.filter(({ range }) => range?.startsWith('bytes=0-'))).toEqual([]);
  await put(id, 'tensorboard/a.tfevents', bytes);
  run.endWith('Succeeded');
  await ended(id);
  expect(await seriesOf(id, 'loss')).toEqual(LOSS);
});

test('an object that is another one now is read anew and told; lines that still hold count once', async () => {
  const { id, run } = await submit();
  await put(id, 'tensorboard/a.tfevents', eventFile('tensorboardX'));
  await put(id, 'metrics.jsonl', '{"step":1,"f1":3}\n{"step":2,"f1":2}\n{"step":3,"f1":1}\n');
  const both = expect.arrayContaining(['loss', 'f1']);
  await expect.poll(async () => Object.keys(await metricsOf(id)), SOON).toEqual(both);
  await put(id, 'metrics.jsonl', '{"step":1,"f1":3}\n{"step":2,"f1":2.5}\n');
  await put(id, 'tensorboard/a.tfevents', eventFile('clu'));
  await expect.poll(async () => Object.keys(await metricsOf(id)), SOON).toContain('accuracy');
  run.endWith('Succeeded');
  expect((await ended(id)).notices.map(({ code }) => code)).toEqual(['event_file_overwritten']);
  expect((await seriesOf(id, 'f1'))?.map(([step, value]: number[]) => [step, value])).toEqual([
    [1, 3],
    [2, 2],
    [3, 1],
    [2, 2.5],
  ]);
});

test('a damaged object is told with its place, and fails nothing', async () => {
  const { id, run } = await submit();
  const bytes = Buffer.from(eventFile('clu'));
  bytes[400] = (bytes[400] ?? 0) ^ 1;
  await put(id, 'tensorboard/a.tfevents', bytes);
  await put(id, 'tensorboard/b.tfevents', eventFile('tensorboardX'));
  run.endWith('Succeeded');
  const { status, notices: told } = await ended(id);
  expect([status, told.map(({ code }) => code)]).toEqual(['Succeeded', ['event_file_damaged']]);
  expect(told[0]?.message).toMatch(/^a\.tfevents is damaged at byte \d+: the checksum/);
  expect(Object.keys(await metricsOf(id))).toContain('é_t_a_g');
});

test('an attempt has what was in the store when the next one began', async () => {
  const { id, run } = await submit();
  await put(id, 'metrics.jsonl', '{"step":1,"f1":3}\n');
  run.emit({ type: 'attempt', attempt: 2, message: 'again' });
  await plane.until(id, (state) => state.record.attempt === 2);
  await put(id, 'metrics.jsonl', '{"step":1,"f1":3}\n{"step":2,"f1":4}\n');
  run.endWith('Succeeded');
  await ended(id);
  expect(await seriesOf(id, 'f1')).toEqual([
    [1, 3, 1],
    [2, 4, 2],
  ]);
});

test('keys that are refused are told once, with the cure, and no secret; right ones count from then on', async () => {
  const wrong = `canary-${randomBytes(16).toString('hex')}`;
  secret = { AWS_ACCESS_KEY_ID: KEYS.accessKey, AWS_SECRET_ACCESS_KEY: wrong, AWS_SESSION_TOKEN: wrong };
  const { id, run } = await submit();
  await put(id, 'tensorboard/a.tfevents', eventFile('clu'));
  await expect.poll(async () => (await notices(id)).length, SOON).toBe(1);
  const before = asked.length;
  await expect.poll(async () => asked.length, SOON).toBeGreaterThan(before + 1);
  expect(await notices(id)).toEqual([
    {
      code: 'metrics_unread',
      message: expect.stringMatching(/SignatureDoesNotMatch for the bucket runs: AWS_ACCESS_KEY_ID and/),
    },
  ]);
  secret = { AWS_ACCESS_KEY_ID: KEYS.accessKey, AWS_SECRET_ACCESS_KEY: KEYS.secretKey };
  run.endWith('Succeeded');
  expect((await ended(id)).status).toBe('Succeeded');
  expect(await metricsOf(id)).toMatchObject({ loss: { last: 0.25 } });
  const { body: events } = await plane.call('GET', `/experiments/${id}/events`);
  const kept = readdirSync(plane.data, { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile())
    .map((file) => readFileSync(join(file.parentPath, file.name), 'latin1'));
  const told = JSON.stringify([await record(id), events, plane.logged, kept]);
  for (const canary of [wrong, KEYS.secretKey]) expect(told).not.toContain(canary);
});

test.each([
  ['without keys', null, /no AWS_ACCESS_KEY_ID with AWS_SECRET_ACCESS_KEY .*add them there/],
  ['with half of them', { AWS_ACCESS_KEY_ID: 'x' }, /no AWS_ACCESS_KEY_ID with AWS_SECRET_ACCESS_KEY/],
  [
    'with keys that no header can hold',
    { AWS_ACCESS_KEY_ID: 'x', AWS_SECRET_ACCESS_KEY: 'a\nb' },
    /hold blanks or signs/,
  ],
])('%s nothing is asked, and it is told where somebody expects it', async (_, given, message) => {
  secret = given;
  const { id, run } = await submit();
  const quiet = await submit(JOBSET);
  for (const one of [run, quiet.run]) one.endWith('Succeeded');
  expect((await ended(id)).notices).toEqual([
    { code: 'metrics_unread', message: expect.stringMatching(message) },
  ]);
  expect((await ended(quiet.id)).notices).toEqual([]);
  expect(asked).toEqual([]);
});

test('keys that are refused are told without TensorBoard, too', async () => {
  secret = { AWS_ACCESS_KEY_ID: 'nobody', AWS_SECRET_ACCESS_KEY: 'x' };
  const { id, run } = await submit(JOBSET);
  run.endWith('Succeeded');
  const { status, notices: told } = await ended(id);
  expect([status, told.map(({ code }) => code)]).toEqual(['Succeeded', ['metrics_unread']]);
  expect(told[0]?.message).toContain('InvalidAccessKeyId');
});

test('a store that whoever submits names is not asked: it may be any address', async () => {
  const { id, run } = await submit(TENSORBOARD, { env: { AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:1' } });
  run.endWith('Succeeded');
  const [notice] = (await ended(id)).notices;
  expect(notice?.message).toMatch(/given AWS_ENDPOINT_URL_S3, .*storage\.s3_endpoint of the engine/);
  expect(asked).toEqual([]);
});

test('a store that does not answer holds up no experiment for long, and is told', async () => {
  const silent = createServer(() => undefined);
  await new Promise<void>((resolve) => void silent.listen(0, '127.0.0.1', resolve));
  secret = {
    ...{ AWS_ACCESS_KEY_ID: 'x', AWS_SECRET_ACCESS_KEY: 'y' },
    AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${(silent.address() as AddressInfo).port}`,
  };
  try {
    const { id, run } = await submit();
    const quiet = await submit(JOBSET);
    for (const one of [run, quiet.run]) one.endWith('Succeeded');
    const { status, notices: told } = await ended(id);
    expect(await ended(quiet.id)).toMatchObject({ status: 'Succeeded', notices: [] });
    expect([status, told.map(({ code }) => code)]).toEqual(['Succeeded', ['metrics_unread']]);
    expect(told[0]?.message).toContain('(ETIMEDOUT); storage.s3_endpoint of the engine');
  } finally {
    silent.closeAllConnections();
    silent.close();
  }
});
