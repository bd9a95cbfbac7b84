/** What a team's server lets others do, and what only its own user. */
import { afterEach, describe, expect, it } from 'vitest';
import { createFakeEngine } from '../fakes/fake-engine.ts';
import {
  createTestPlane,
  FILES,
  localSubmission,
  type TestPlane,
  type TestPlaneOptions,
} from './control-plane.ts';

const KEY = 'a-key-of-this-test';

let t: TestPlane;
let digest: string;
afterEach(() => t.close());

async function open(options: TestPlaneOptions = {}): Promise<void> {
  t = await createTestPlane({ apiKey: KEY, ...options });
  digest = await t.snapshot(FILES);
}

const call: TestPlane['call'] = (method, path, body, headers = {}) =>
  t.call(method, path, body, { authorization: `Bearer ${KEY}`, ...headers });

describe('over a network', () => {
  it.each([
    ['a path of its machine', { source: { kind: 'commit', repository: '/srv/repo', commit_sha: 'main' } }],
    ['a path relative to it', { source: { kind: 'commit', repository: 'repo', commit_sha: 'main' } }],
    ['a file: URL', { source: { kind: 'commit', repository: 'FILE:///srv/repo', commit_sha: 'main' } }],
    ['a Python environment', { python_env: '/opt/venv' }],
    ["a shell's variables", { shell: { LD_PRELOAD: '/tmp/x.so' } }],
  ])('%s is forbidden', async (_what, more) => {
    await open();
    const { status, body } = await call('POST', '/experiments', { ...localSubmission(digest), ...more });
    expect({ status, code: body.error.code }).toEqual({ status: 403, code: 'forbidden' });
    expect(body.error.hint).not.toBe('');
    expect((await call('GET', '/experiments')).body.experiments).toEqual([]);
  });

  it.each([{ python_env: '/opt/venv' }, { shell: { PATH: '/tmp' } }])(
    'the same is forbidden when an experiment is submitted again: %j',
    async (more) => {
      await open();
      const { body: first } = await call('POST', '/experiments', localSubmission(digest));
      const { status } = await call('POST', `/experiments/${first.experiment_id}/resubmit`, more);
      expect(status).toBe(403);
    },
  );

  it('what brings no shell gets the variables of the server', async () => {
    const basics = { PATH: '/server/bin', HOME: '/home/server', LANG: 'C.UTF-8' };
    await open({ basics });
    const { body } = await call('POST', '/experiments', localSubmission(digest));
    expect((await t.plane.privateValues.read(body.experiment_id)).shell).toEqual(basics);
    const again = await call('POST', `/experiments/${body.experiment_id}/resubmit`, {});
    expect((await t.plane.privateValues.read(again.body.experiment_id)).shell).toEqual(basics);
  });

  it('the engine local is for others only when the server was started with --local', async () => {
    await open({ localForAll: false });
    for (const engine of [null, 'local']) {
      const { status, body } = await call('POST', '/experiments', localSubmission(digest, { engine }));
      expect({ status, code: body.error.code }).toEqual({ status: 422, code: 'engine_unavailable' });
      expect(body.error.hint).toContain('--local');
    }
    expect((await call('GET', '/engines')).body.engines).toEqual([]);
  });
});

it('for its own user a server runs what it is told, with the variables that come along', async () => {
  await open({ apiKey: null, localForAll: false, basics: { PATH: '/server/bin' } });
  const shell = { PATH: '/mine/bin' };
  const { status, body } = await t.call('POST', '/experiments', localSubmission(digest, { shell }));
  expect(status).toBe(201);
  expect((await t.plane.privateValues.read(body.experiment_id)).shell).toEqual(shell);
  expect((await t.call('GET', '/engines')).body.engines).toMatchObject([{ name: 'local' }]);
});

describe('a wrong key', () => {
  it('leaves a line in the log, without the key, and ten in a minute make its address wait', async () => {
    const waits: number[] = [];
    await open({ holdBack: async (ms) => void waits.push(ms) });
    for (let guess = 0; guess < 14; guess++) {
      const { status } = await call('GET', '/experiments', undefined, {
        authorization: `Bearer guess-${guess}`,
      });
      expect(status).toBe(401);
    }
    const lines = t.logged.filter((line) => Object(line).message === 'a key was refused');
    expect(lines).toHaveLength(14);
    expect(lines[0]).toMatchObject({
      path: '/v1/experiments',
      address: 'unknown',
      request_id: expect.any(String),
    });
    expect(JSON.stringify(t.logged)).not.toContain('guess-');
    expect(waits).toEqual([250, 500, 1000, 2000]);
    expect((await call('GET', '/experiments')).status).toBe(200);
    expect(waits).toHaveLength(4);
  });

  it('is not the same as none', async () => {
    const waits: number[] = [];
    await open({ holdBack: async (ms) => void waits.push(ms) });
    for (let ask = 0; ask < 20; ask++) expect((await t.call('GET', '/experiments')).status).toBe(401);
    expect(waits).toEqual([]);
  });
});

describe('a query parameter that a route does not have', () => {
  it('is refused on every route', async () => {
    await open({ engine: createFakeEngine({ capacity: { max_experiments: 0 } }) });
    const { body: made } = await call('POST', '/experiments', localSubmission(digest));
    const { body: contract } = await call('GET', '/openapi.json');
    const known: Record<string, string> = { ref: made.experiment_id, digest, name: 'tensorboard' };
    const routes = Object.entries<object>(contract.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => [method.toUpperCase(), path] as const),
    );
    expect(routes.length).toBeGreaterThan(20);
    for (const [method, path] of [...routes, ['GET', '/v1/openapi.json'] as const]) {
      const filled = path
        .replace(/^\/v1/, '')
        .replace(/\{(\w+)\}/g, (_all, name: string) => known[name] ?? 'x');
      const body = method === 'POST' ? {} : undefined;
      const { status, body: said } = await call(method, `${filled}?projct=nope`, body);
      expect({ method, path, status, code: said.error?.code }).toMatchObject({ status: 400, code: 'usage' });
      if (method === 'GET') expect(said.error.message, path).toContain('"projct"');
    }
  });
});

it('names the entry of a large listing that cannot be taken', async () => {
  await open({ apiKey: null });
  const sha256 = 'a'.repeat(64);
  const entries = Array.from({ length: 1500 }, (_, at) => ({
    path: `f${String(at).padStart(4, '0')}`,
    kind: 'file',
    executable: false,
    bytes: 1,
    sha256: at === 1203 ? 'none' : sha256,
  }));
  const refused = await t.call('POST', '/snapshots', { entries });
  expect([refused.status, refused.body.error.message]).toEqual([
    400,
    expect.stringContaining('entries.1203.sha256'),
  ]);
  const taken = await t.call('POST', '/snapshots', { entries: entries.filter((_entry, at) => at !== 1203) });
  expect([taken.status, taken.body.missing]).toEqual([200, [sha256]]);
  for (const body of [{}, { entries: 1 }, [], null, { entries: [null] }])
    expect((await t.call('POST', '/snapshots', body)).status).toBe(400);
});
