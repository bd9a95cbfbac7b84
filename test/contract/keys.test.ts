/** Keys of people: whose they are, what each role may do, and that nobody can read them again. */
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ROLES } from '../../src/api/key-contract.ts';
import { mayAct, PROBES, RIGHTS, roleFor } from '../../src/server/people/rights.ts';
import { createFakeEngine } from '../fakes/fake-engine.ts';
import { createTestPlane, FILES, localSubmission, type Answer, type TestPlane } from './control-plane.ts';

const SERVERS = 'the-key-of-the-server';

let t: TestPlane;
let time: number;

beforeEach(async () => {
  time = Date.parse('2026-05-01T12:00:00.000Z');
  const engine = createFakeEngine({ capacity: { max_experiments: 0 } });
  t = await createTestPlane({ apiKey: SERVERS, engine, now: () => new Date(time) });
});
afterEach(() => t.close());

const call = (key: string, method: string, path: string, body?: unknown): Promise<Answer> =>
  t.call(method, path, body, { authorization: `Bearer ${key}` });

async function keyFor(name: string, role: string, more: object = {}): Promise<string> {
  const { status, body } = await call(SERVERS, 'POST', '/keys', { name, role, ...more });
  expect({ status, error: body.error }).toMatchObject({ status: 201 });
  expect(body.key).toMatch(/^aichor_[0-9a-f]{12}_[\w-]{43}$/);
  return body.key;
}

describe('a role', () => {
  it('is written down for every route of the contract, and for no other', async () => {
    const { body } = await call(SERVERS, 'GET', '/openapi.json');
    const routes = Object.entries<object>(body.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replace(/^\/v1/, '')}`),
    );
    expect(Object.keys(RIGHTS).sort()).toEqual([...routes, ...PROBES, 'GET /openapi.json'].sort());
  });

  it.each(ROLES)('%s may do what the table says, and nothing else', async (role) => {
    const key = await keyFor('somebody', role);
    const digest = await t.snapshot(FILES);
    const { body: made } = await call(SERVERS, 'POST', '/experiments', localSubmission(digest));
    const parts: Record<string, string> = { ref: made.experiment_id, digest, name: 'nobody' };
    for (const [route, needed] of Object.entries(RIGHTS)) {
      const [method = '', pattern = ''] = route.split(' ');
      const path = pattern.replace(/\{(\w+)\}/g, (_all, name: string) => parts[name] ?? 'x');
      // Whoever may stop the server would: the last of this test.
      if (pattern === '/server/stop' && mayAct(role, needed)) continue;
      // Without an id it would go on for ever.
      const asked = pattern === '/watch' ? `${path}?id=nobody` : path;
      const { status } = await call(key, method, asked, method === 'POST' ? {} : undefined);
      if (mayAct(role, needed)) expect([401, 403], `${role} ${route}: ${status}`).not.toContain(status);
      else expect(status, `${role} ${route}`).toBe(403);
    }
    expect((await call(key, 'POST', '/server/stop')).status).toBe(role === 'admin' ? 200 : 403);
  });

  it('decides before anything is read of a request', async () => {
    const key = await keyFor('viewer', 'viewer');
    const { status, body } = await call(key, 'POST', '/experiments/delete', { nonsense: true });
    expect([status, body.error]).toEqual([
      403,
      expect.objectContaining({
        code: 'forbidden',
        message: expect.stringContaining('member'),
        hint: expect.stringContaining('admin'),
      }),
    ]);
  });

  it('of what is not in the table is that of an admin', () => {
    expect(roleFor('GET', '/experiments/latest')).toBe('viewer');
    expect(roleFor('HEAD', '/experiments')).toBe('viewer');
    expect(roleFor('POST', '/experiments/cancel')).toBe('member');
    expect(roleFor('PATCH', '/experiments')).toBe('admin');
    expect(roleFor('GET', '/nowhere')).toBe('admin');
    expect(roleFor('GET', '/keys/../experiments')).toBe('admin');
  });

  it('is not what a route lacks that is not there: newer programs ask for some, and go another way', async () => {
    for (const role of ['viewer', 'member', 'admin']) {
      const { status, body } = await call(await keyFor(role, role), 'PUT', '/of-a-newer-one');
      expect([role, status, body.error.code]).toEqual([role, 404, 'not_found']);
      expect(body.error.message).toBe('there is nothing at PUT /v1/of-a-newer-one');
    }
  });
});

describe('a key', () => {
  it('is told once, kept as a hash, and says who its holder is', async () => {
    const key = await keyFor('anna', 'member');
    expect((await call(key, 'GET', '/identity')).body).toEqual({
      name: 'anna',
      role: 'member',
      projects: null,
    });
    expect((await call(SERVERS, 'GET', '/identity')).body).toEqual({
      name: 'server',
      role: 'admin',
      projects: null,
    });
    const { body } = await call(SERVERS, 'GET', '/keys');
    const created_at = '2026-05-01T12:00:00.000Z';
    const anna = { name: 'anna', role: 'member', projects: null };
    expect(body.keys).toEqual([{ ...anna, created_at, expires_at: null, last_used_at: created_at }]);
    const file = join(t.data, 'keys.json');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const secret = key.split('_').at(-1) ?? '';
    for (const text of [await readFile(file, 'utf8'), JSON.stringify(t.logged), JSON.stringify(body)])
      expect(text).not.toContain(secret);
    expect(t.logged).toContainEqual(
      expect.objectContaining({ message: 'a key was made', key: 'anna', by: 'server' }),
    );
  });

  it('has a name of its own', async () => {
    await keyFor('anna', 'member');
    for (const name of ['anna', 'server']) {
      const { status, body } = await call(SERVERS, 'POST', '/keys', { name, role: 'viewer' });
      expect([status, body.error.code]).toEqual([409, 'conflict']);
    }
    for (const wrong of [
      { name: 'Anna' },
      { name: '../x' },
      { role: 'king' },
      { expires_in_s: 0 },
      { more: 1 },
    ]) {
      const wish = { name: 'ben', role: 'viewer', ...wrong };
      expect((await call(SERVERS, 'POST', '/keys', wish)).status, JSON.stringify(wrong)).toBe(400);
    }
  });

  it('opens nothing once it has expired, was revoked, or was replaced', async () => {
    const short = await keyFor('short', 'viewer', { expires_in_s: 60 });
    const anna = await keyFor('anna', 'viewer');
    const ben = await keyFor('ben', 'admin');
    const status = async (key: string) => (await call(key, 'GET', '/experiments')).status;
    expect(await Promise.all([short, anna, ben].map(status))).toEqual([200, 200, 200]);
    time += 61_000;
    const { body: fresh } = await call(ben, 'POST', '/keys/anna/rotate', {});
    expect((await call(fresh.key, 'DELETE', '/keys/ben')).status).toBe(403);
    expect((await call(SERVERS, 'DELETE', '/keys/ben')).body).toMatchObject({ name: 'ben', role: 'admin' });
    expect(await Promise.all([short, anna, ben, fresh.key].map(status))).toEqual([401, 401, 401, 200]);
    expect((await call(SERVERS, 'DELETE', '/keys/ben')).status).toBe(404);
    expect((await call(SERVERS, 'POST', '/keys/ben/rotate', {})).status).toBe(404);
  });

  it('is none when a sign of it is another', async () => {
    const key = await keyFor('anna', 'admin');
    const last = key.at(-1) === 'A' ? 'Q' : 'A';
    for (const wrong of [
      key.slice(0, -1),
      `${key.slice(0, -1)}${last}`,
      `${key}A`,
      key.toUpperCase(),
      'aichor__',
    ])
      expect((await call(wrong, 'GET', '/experiments')).status, wrong.length.toString()).toBe(401);
  });

  it('is there after a restart; a file that cannot be read opens nothing, and is not written over', async () => {
    const key = await keyFor('anna', 'viewer');
    await t.close();
    t = await createTestPlane({ apiKey: SERVERS, data: t.data, now: () => new Date(time) });
    expect((await call(key, 'GET', '/experiments')).status).toBe(200);
    await t.close();
    await writeFile(join(t.data, 'keys.json'), '{"keys": [');
    t = await createTestPlane({ apiKey: SERVERS, data: t.data, now: () => new Date(time) });
    expect((await call(key, 'GET', '/experiments')).status).toBe(401);
    const { status, body } = await call(SERVERS, 'POST', '/keys', { name: 'ben', role: 'viewer' });
    expect([status, body.error.message]).toEqual([500, expect.stringContaining('keys.json')]);
    expect(await readFile(join(t.data, 'keys.json'), 'utf8')).toBe('{"keys": [');
  });
});

describe('what is written down', () => {
  const audit = async (query = '') => {
    const { body } = await call(SERVERS, 'GET', `/audit${query}`);
    return body.events.map(({ by, deed, subject }: Record<string, unknown>) => [by, deed, subject]);
  };

  it('is every change of a key, and whose it was; never a key', async () => {
    const ben = await keyFor('ben', 'admin');
    const anna = await keyFor('anna', 'viewer');
    await call(ben, 'POST', '/keys/anna/rotate', {});
    time += 60_000;
    await call(ben, 'DELETE', '/keys/anna');
    await call(ben, 'DELETE', '/keys/anna');
    await call(SERVERS, 'POST', '/keys', { name: 'ben', role: 'viewer' });
    const deeds = [
      ['server', 'key.create', 'ben'],
      ['server', 'key.create', 'anna'],
      ['ben', 'key.rotate', 'anna'],
      ['ben', 'key.revoke', 'anna'],
    ];
    expect(await audit()).toEqual(deeds);
    expect(await audit('?since=2026-05-01T12:00:30.000Z')).toEqual(deeds.slice(3));
    expect(await audit('?after=1&limit=2')).toEqual(deeds.slice(1, 3));
    expect(await audit('?limit=1')).toEqual(deeds.slice(3));
    expect(await audit('?until=2026-05-01T12:00:30.000Z&limit=2')).toEqual(deeds.slice(1, 3));
    expect(await audit('?before=3')).toEqual(deeds.slice(0, 2));
    expect(await audit('?by=ben')).toEqual(deeds.slice(2));
    expect(await audit('?by=ben&after=3')).toEqual(deeds.slice(3));
    expect(await audit('?by=-')).toEqual([]);
    await t.plane.audit.add([{ by: null, deed: 'engine.remove', subject: 'gpu' }]);
    expect(await audit('?by=-')).toEqual([[null, 'engine.remove', 'gpu']]);
    const { body } = await call(SERVERS, 'GET', '/audit');
    for (const key of [ben, anna]) expect(JSON.stringify(body)).not.toContain(key.split('_').at(-1));
  });

  it('is what somebody does to the work of others, and not what becomes of their own', async () => {
    const anna = await keyFor('anna', 'member');
    const ben = await keyFor('ben', 'member');
    const digest = await t.snapshot(FILES);
    const submit = async (key: string) =>
      (await call(key, 'POST', '/experiments', localSubmission(digest))).body;
    const [hers, his] = [await submit(anna), await submit(ben)];
    expect([hers.submitted_by, his.submitted_by]).toEqual(['anna', 'ben']);
    const listed = await call(ben, 'GET', '/experiments?submitted_by=anna');
    expect(listed.body.experiments).toMatchObject([{ experiment_id: hers.experiment_id }]);
    const ids = [hers.experiment_id, his.experiment_id];
    await call(ben, 'POST', '/experiments/cancel', { ids });
    // Refused, as both have ended: nothing is done, and nothing written down.
    await call(ben, 'POST', '/experiments/cancel', { ids });
    await call(ben, 'POST', '/experiments/delete', { ids });
    expect((await audit()).slice(2)).toEqual([
      ['ben', 'experiment.cancel', hers.experiment_id],
      ['ben', 'experiment.delete', hers.experiment_id],
    ]);
  });

  it('is there after a restart', async () => {
    await keyFor('anna', 'viewer');
    await t.close();
    t = await createTestPlane({ apiKey: SERVERS, data: t.data, now: () => new Date(time) });
    expect(await audit()).toEqual([['server', 'key.create', 'anna']]);
  });
});
