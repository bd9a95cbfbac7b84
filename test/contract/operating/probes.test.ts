/** What those ask who watch a server: whether it is well, whether it is ready, and its metrics. */
import { spawnSync } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createMeter, type Meter } from '../../../src/server/monitor/meter.ts';
import { PROBES } from '../../../src/server/people/rights.ts';
import { createFakeEngine } from '../../fakes/fake-engine.ts';
import { createTestPlane, FILES, localSubmission, type TestPlane } from '../control-plane.ts';
import { readExposition, type Family } from './exposition.ts';

const KEY = 'the-key-of-the-server';
let t: TestPlane;
let meter: Meter;

async function open(more: { openMetrics?: boolean } = {}): Promise<void> {
  const engine = createFakeEngine({ capacity: { max_experiments: 0 } });
  meter = await createMeter('1.2.3', {
    experiments: () => t.plane.store.counts(),
    deliveriesWaiting: () => 3,
    messagesWaiting: () => 0,
    requests: () => 7,
    disk: () => ({ total: 1000, free: 10 }),
    used: () => ({ logs: 5, 'odd "kind"\\\n': 6 }),
    descriptors: () => null,
  });
  t = await createTestPlane({ apiKey: KEY, engine, meter, ...more });
}
beforeEach(() => open());
afterEach(() => t.close());

const ask = (path: string, key: string | null = null, more: Record<string, string> = {}) =>
  t.app.request(path, { headers: { ...(key !== null && { authorization: `Bearer ${key}` }), ...more } }, {});

async function metrics(): Promise<Map<string, Family>> {
  return readExposition(await (await ask('/metrics', KEY)).text());
}
const valuesOf = (families: Map<string, Family>, name: string, label: string) =>
  Object.fromEntries((families.get(name)?.samples ?? []).map(({ labels, value }) => [labels[label], value]));

describe('/healthz and /readyz', () => {
  it('answer without a key', async () => {
    for (const [path, said] of [
      ['/healthz', { status: 'ok' }],
      ['/readyz', { ready: true, why: null }],
    ] as const) {
      const response = await ask(path);
      expect([response.status, await response.json()], path).toEqual([200, said]);
    }
  });

  it('tell apart a server that lives from one that can be asked', async () => {
    const { liveCount } = t.plane.store;
    t.plane.store.liveCount = () => {
      throw new Error('the file is gone');
    };
    const response = await ask('/readyz');
    const { ready, why } = Object(await response.json());
    expect([response.status, ready, why]).toEqual([503, false, expect.stringContaining('database')]);
    expect(why).not.toContain('the file is gone');
    expect((await ask('/healthz')).status).toBe(200);
    t.plane.store.liveCount = liveCount;
    expect((await ask('/readyz')).status).toBe(200);
    t.serving.stop();
    expect([(await ask('/readyz')).status, (await ask('/healthz')).status]).toEqual([503, 200]);
  });
});

describe('/metrics', () => {
  it('takes a key that sees all projects, whatever its role', async () => {
    expect((await ask('/metrics')).status).toBe(401);
    expect((await ask('/metrics', 'wrong-key')).status).toBe(401);
    for (const [name, projects, status] of [
      ['prometheus', null, 200],
      ['anna', ['folding'], 403],
    ] as const) {
      const { body } = await t.call(
        'POST',
        '/keys',
        { name, role: 'viewer', ...(projects !== null && { projects }) },
        { authorization: `Bearer ${KEY}` },
      );
      expect((await ask('/metrics', body.key)).status, name).toBe(status);
    }
  });

  it('can be opened to everybody', async () => {
    await t.close();
    await open({ openMetrics: true });
    expect((await ask('/metrics')).status).toBe(200);
    expect((await ask('/v1/experiments')).status).toBe(401);
  });

  it('are what Prometheus reads, and tell of experiments, deliveries, requests and the disk', async () => {
    const digest = await t.snapshot(FILES);
    const authorization = { authorization: `Bearer ${KEY}` };
    for (let made = 0; made < 3; made++)
      await t.call('POST', '/experiments', localSubmission(digest), authorization);
    await t.call('GET', '/experiments/none', undefined, authorization);
    await t.call('GET', '/experiments/nobody', undefined, authorization);
    await ask('/v1/../../etc/passwd', KEY);
    await ask(`/v1/made-up-${'x'.repeat(100)}`, KEY);
    meter.decided({ provider: 'github', decision: 'queued' });
    meter.decided({ provider: 'github', decision: 'made' });
    const response = await ask('/metrics', KEY);
    expect(response.headers.get('content-type')).toContain('text/plain; version=0.0.4');
    const text = await response.text();
    const families = readExposition(text);
    expect(valuesOf(families, 'aichor_experiments', 'status')).toMatchObject({ Waiting: 3, Failed: 0 });
    expect(families.get('aichor_deliveries_total')?.samples).toContainEqual({
      ...{ name: 'aichor_deliveries_total', value: 1 },
      labels: { provider: 'github', decision: 'made' },
    });
    expect(text).not.toContain('decision="queued"');
    expect(families.get('aichor_deliveries_waiting')?.samples[0]?.value).toBe(3);
    expect(families.get('aichor_disk_free_bytes')?.samples[0]?.value).toBe(10);
    expect(valuesOf(families, 'aichor_disk_used_bytes', 'kind')['logs']).toBe(5);
    // What is not known on this system is not told as 0.
    expect(families.get('process_open_fds')?.samples).toEqual([]);
    const requests = families.get('aichor_http_requests_total')?.samples ?? [];
    const count = (route: string, code: string) =>
      requests.find(({ labels }) => labels['route'] === route && labels['code'] === code)?.value;
    expect(count('POST /experiments', '201')).toBe(3);
    // Ids and made-up paths make no series of their own.
    expect(count('GET /experiments/{ref}', '404')).toBe(2);
    expect(count('other', '404')).toBe(2);
    expect(text).not.toContain('made-up');
    if (spawnSync('promtool', ['--version']).error === undefined)
      expect(spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' })).toMatchObject({
        ...{ status: 0, stdout: '', stderr: '' },
      });
    else process.stderr.write('probes: promtool is not on this machine: its opinion is not asked\n');
  });

  it('are not kept by the embedded control plane', async () => {
    await t.close();
    t = await createTestPlane();
    expect((await ask('/metrics')).status).toBe(404);
    expect((await ask('/healthz')).status).toBe(200);
  });
});

it('no probe is open to what the table of roles does not name', async () => {
  expect(PROBES).toEqual(['GET /healthz', 'GET /readyz', 'GET /metrics']);
  for (const path of ['/healthz', '/readyz', '/metrics'])
    expect((await t.app.request(path, { method: 'POST' }, {})).status, path).not.toBe(200);
});

describe('a request', () => {
  const idOf = (response: Response) => response.headers.get('x-request-id');

  it('has an id, in its answer, in its error and in the log', async () => {
    const refused = await ask('/v1/experiments/nobody', KEY);
    expect(Object(await refused.json()).error.request_id).toBe(idOf(refused));
    for (const path of ['/nothing', '/v1/nothing', '/v1/experiments']) {
      const lost = await ask(path);
      expect(Object(await lost.json()).error.request_id, path).toBe(idOf(lost));
    }
    expect(idOf(await ask('/healthz'))).toMatch(/^[0-9a-f-]{36}$/);
    const changed = await t.app.request(
      '/v1/keys',
      {
        method: 'POST',
        headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
        body: JSON.stringify({ name: 'anna', role: 'viewer' }),
      },
      {},
    );
    expect(t.logged).toContainEqual(
      expect.objectContaining({
        ...{ message: 'request', request_id: idOf(changed), by: 'server', path: '/v1/keys', status: 201 },
        ms: expect.any(Number),
      }),
    );
  });

  it.each([
    ['that a proxy gave it, keeps it', '4bf92f3577b34da6', true],
    ['that is too short gets another', 'abc', false],
    ['that would break a line of the log gets another', 'a"b\\c{}<script>', false],
    ['that is very long gets another', 'x'.repeat(101), false],
  ])('with an id %s', async (_what, given, isKept) => {
    const got = idOf(await ask('/healthz', null, { 'x-request-id': given }));
    if (isKept) expect(got).toBe(given);
    else expect(got).toMatch(/^[0-9a-f-]{36}$/);
  });
});

it('counts every answer once', async () => {
  const before = await metrics();
  const after = await metrics();
  const total = (families: Map<string, Family>) =>
    (families.get('aichor_http_requests_total')?.samples ?? []).reduce((sum, { value }) => sum + value, 0);
  expect(total(after) - total(before)).toBe(1);
});
