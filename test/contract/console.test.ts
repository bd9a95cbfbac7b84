/** Browsers at the HTTP contract: how they are let in, what other sites can make them ask, what their answers carry. */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { consoleElsewhere, publicUrl, servedOfTeam, teamPlaces } from '../../src/server/console/team.ts';
import { createTestPlane, FILES, localSubmission, type Answer, type TestPlane } from './control-plane.ts';

const SERVERS = 'the-key-of-the-server';
const HOST = 'team.example';
/** What a browser says of a request of the console's own page. */
const OWN = { host: HOST, 'sec-fetch-site': 'same-origin', 'content-type': 'application/json' };

let t: TestPlane;
let time: number;

beforeEach(() => {
  time = Date.parse('2026-05-01T12:00:00.000Z');
});
afterEach(() => t.close());

const plane = async (more: object = {}) => {
  t = await createTestPlane({ apiKey: SERVERS, now: () => new Date(time), ...more });
};
const withKey = (key: string, method: string, path: string, body?: unknown) =>
  t.call(method, path, body, { authorization: `Bearer ${key}` });

async function signedIn(given: object): Promise<string> {
  const response = await t.app.request(
    '/v1/session',
    { method: 'POST', headers: OWN, body: JSON.stringify(given) },
    {},
  );
  expect(response.status).toBe(200);
  const cookie = response.headers.get('set-cookie') ?? '';
  expect(cookie).toMatch(/^aichor-session=[\w-]{43}; Path=\/; Max-Age=43200; HttpOnly; SameSite=Lax$/);
  return cookie.split(';')[0] ?? '';
}

describe('a session', () => {
  it('begins with a key, may what the key may, stands hashed in a file of this user, and ends with it', async () => {
    await plane();
    const { body: made } = await withKey(SERVERS, 'POST', '/keys', { name: 'anna', role: 'viewer' });
    const cookie = await signedIn({ key: made.key });
    const { status, body } = await t.call('GET', '/session', undefined, { cookie });
    expect([status, body]).toEqual([
      200,
      { name: 'anna', role: 'viewer', projects: null, version: '1.2.3', is_embedded: false },
    ]);
    const denied = await t.call('POST', '/experiments/cancel', { all: true }, { ...OWN, cookie });
    expect([denied.status, denied.body.error.code]).toEqual([403, 'forbidden']);
    const file = join(t.data, 'sessions.json');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const token = cookie.split('=')[1] ?? '';
    for (const text of [await readFile(file, 'utf8'), JSON.stringify(t.logged)])
      expect(text).not.toContain(token);
    await withKey(SERVERS, 'DELETE', '/keys/anna');
    expect((await t.call('GET', '/experiments', undefined, { cookie })).status).toBe(401);
    await withKey(SERVERS, 'POST', '/keys', { name: 'anna', role: 'admin' });
    expect((await t.call('GET', '/experiments', undefined, { cookie })).status).toBe(401);
  });

  it('ends when its key is replaced, after a day of work, and when it is told to', async () => {
    await plane();
    const { body: made } = await withKey(SERVERS, 'POST', '/keys', { name: 'bob', role: 'member' });
    const asks = async (cookie: string) => (await t.call('GET', '/session', undefined, { cookie })).status;
    const first = await signedIn({ key: made.key });
    const second = await signedIn({ key: made.key });
    expect([await asks(first), await asks(second)]).toEqual([200, 200]);
    await t.call('DELETE', '/session', undefined, { ...OWN, cookie: first });
    expect([await asks(first), await asks(second)]).toEqual([401, 200]);
    time += 12 * 3600 * 1000;
    expect(await asks(second)).toBe(401);
    const third = await signedIn({ key: made.key });
    await withKey(SERVERS, 'POST', '/keys/bob/rotate');
    expect(await asks(third)).toBe(401);
  });

  it('begins with a code of whoever has a key: once, and within a minute', async () => {
    await plane();
    const code = async () => {
      const { body } = await withKey(SERVERS, 'POST', '/console');
      const [address, behind] = body.url.split('/#');
      expect(address).toBe('https://team.example');
      return behind;
    };
    const good = await code();
    const cookie = await signedIn({ code: good });
    expect((await t.call('GET', '/session', undefined, { cookie })).body.name).toBe('server');
    const again = await t.call('POST', '/session', { code: good }, OWN);
    expect([again.status, again.body.error.code]).toEqual([401, 'unauthenticated']);
    const late = await code();
    time += 61_000;
    expect((await t.call('POST', '/session', { code: late }, OWN)).status).toBe(401);
  });

  it('has a cookie behind https that no other host can set, nor is sent in the open', async () => {
    await plane({ isSecure: true });
    const begun = await t.app.request(
      '/v1/session',
      { method: 'POST', headers: OWN, body: JSON.stringify({ key: SERVERS }) },
      {},
    );
    const [cookie = '', ...attributes] = (begun.headers.get('set-cookie') ?? '').split('; ');
    expect(cookie).toMatch(/^__Host-aichor-session=[\w-]{43}$/);
    expect(attributes).toEqual(['Path=/', 'Max-Age=43200', 'HttpOnly', 'SameSite=Lax', 'Secure']);
    const asks = async (text: string) =>
      (await t.call('GET', '/session', undefined, { cookie: text })).status;
    expect(await asks(cookie)).toBe(200);
    // The same under a name that others could set is none.
    expect(await asks(cookie.replace('__Host-', ''))).toBe(401);
    const gone = await t.app.request('/v1/session', { method: 'DELETE', headers: { ...OWN, cookie } }, {});
    expect(gone.headers.get('set-cookie')).toMatch(/^__Host-aichor-session=; Path=\/; Max-Age=0; .*Secure$/);
  });

  it('is refused to who guesses, later and later', async () => {
    const waits: number[] = [];
    await plane({ holdBack: async (ms: number) => void waits.push(ms) });
    for (let tries = 0; tries < 14; tries++) {
      const { status } = await t.call('POST', '/session', { key: `wrong-key-${tries}` }, OWN);
      expect(status).toBe(401);
    }
    expect(waits).toEqual([250, 500, 1000, 2000]);
  });

  it('of an embedded server is its owner’s, and no key opens that door', async () => {
    await plane({ apiKey: null, door: 'console' });
    const none = await t.call('GET', '/experiments', undefined, { authorization: `Bearer ${SERVERS}` });
    expect(none.status).toBe(401);
    expect((await t.call('POST', '/session', { key: SERVERS }, OWN)).status).toBe(401);
    expect((await t.call('POST', '/console', {}, OWN)).status).toBe(401);
    expect((await t.call('GET', '/health')).status).toBe(200);
  });
});

describe('what lasts', () => {
  let id: string;
  beforeEach(async () => {
    await plane();
    const submission = localSubmission(await t.snapshot(FILES));
    id = (await withKey(SERVERS, 'POST', '/experiments', submission)).body.experiment_id;
  });
  const follow = async (headers: Record<string, string>) => {
    const streams = ['/watch', '/events?follow=true', `/experiments/${id}/logs?follow=true`];
    return Promise.all(
      streams.map(async (path) => {
        const response = await t.app.request(`/v1${path}`, { headers }, {});
        expect(response.status).toBe(200);
        const ended = response.text().then(
          () => 'it looked whole',
          ({ code }: { code: string }) => code,
        );
        return { path, ended };
      }),
    );
  };
  const keyOf = async (name: string, more: object = {}): Promise<string> =>
    (await withKey(SERVERS, 'POST', '/keys', { name, role: 'viewer', ...more })).body.key;
  const bearer = (key: string) => ({ authorization: `Bearer ${key}` });
  const cut = async (streams: { path: string; ended: Promise<string> }[]) => {
    for (const { path, ended } of streams) expect(await ended, path).toBe('unauthenticated');
  };

  it('ends with its key: revoked, replaced or over', async () => {
    let isOtherOver = false;
    const [other] = await follow(bearer(await keyOf('other')));
    void other?.ended.then(() => (isOtherOver = true));
    const [gone, replaced, brief] = await Promise.all([
      follow(bearer(await keyOf('anna'))),
      follow(bearer(await keyOf('bob'))),
      follow(bearer(await keyOf('eve', { expires_in_s: 3600 }))),
    ]);
    await withKey(SERVERS, 'DELETE', '/keys/anna');
    await cut(gone);
    await withKey(SERVERS, 'POST', '/keys/bob/rotate');
    await cut(replaced);
    time += 3_600_000;
    await cut(brief);
    expect(isOtherOver).toBe(false);
  });

  it('ends with its session: when it is told to, after a day of work, and with the key', async () => {
    const key = await keyOf('anna');
    const first = await signedIn({ key });
    const [left, kept] = [await follow({ cookie: first }), await follow({ cookie: await signedIn({ key }) })];
    await t.call('DELETE', '/session', undefined, { ...OWN, cookie: first });
    await cut(left);
    time += 12 * 3600 * 1000;
    await cut(kept);
    const last = await follow({ cookie: await signedIn({ key }) });
    await withKey(SERVERS, 'DELETE', '/keys/anna');
    await cut(last);
  });
});

describe('another site', () => {
  let cookie: string;
  beforeEach(async () => {
    await plane();
    cookie = await signedIn({ key: SERVERS });
  });
  const cancel = (headers: Record<string, string>): Promise<Answer> =>
    t.call('POST', '/experiments/cancel', { all: true }, { cookie, host: HOST, ...headers });

  it.each<[string, Record<string, string>, number]>([
    ['the page itself', { 'sec-fetch-site': 'same-origin' }, 200],
    ['another host', { 'sec-fetch-site': 'cross-site' }, 403],
    ['another port or name of this site', { 'sec-fetch-site': 'same-site' }, 403],
    ['somebody who typed an address', { 'sec-fetch-site': 'none' }, 403],
    ['an old browser on the page itself', { origin: `https://${HOST}` }, 200],
    ['an old browser elsewhere', { origin: 'https://evil.test' }, 403],
    ['an old browser on another port', { origin: `https://${HOST}:8080` }, 403],
    ['an old browser in a sandbox', { origin: 'null' }, 403],
    ['nobody who says', {}, 403],
    ['a form', { 'sec-fetch-site': 'same-origin', 'content-type': 'text/plain' }, 403],
  ])('changes nothing: %s', async (_who, headers, wanted) => {
    expect((await cancel(headers)).status).toBe(wanted);
  });

  it('reads nothing, and signs nobody in', async () => {
    for (const site of ['cross-site', 'same-site']) {
      const asked = { cookie, 'sec-fetch-site': site };
      expect((await t.call('GET', '/experiments', undefined, asked)).status).toBe(403);
      const login = await t.call('POST', '/session', { key: SERVERS }, { ...OWN, 'sec-fetch-site': site });
      expect(login.status).toBe(403);
    }
  });

  it('makes no difference to who brings a key', async () => {
    const headers = { authorization: `Bearer ${SERVERS}`, 'sec-fetch-site': 'cross-site' };
    expect((await t.call('GET', '/experiments', undefined, headers)).status).toBe(200);
  });
});

describe('the host of links', () => {
  const places = { console: `https://${HOST}`, links: 'https://links.example' };
  const OF_LINKS = { ...OWN, host: 'links.example' };
  beforeEach(() => plane({ consoleElsewhere: (host: string) => consoleElsewhere(places, host) }));

  it.each(['/session', '/%73ession', '/sessio%6E'])('signs nobody in, by %s', async (path) => {
    for (const host of ['links.example', 'LINKS.example', 'links.example:8642']) {
      const { status, body } = await t.call('POST', path, { key: SERVERS }, { ...OF_LINKS, host });
      expect([status, body.error.code]).toEqual([403, 'forbidden']);
      expect(body.error.hint).toContain(places.console);
    }
    expect((await t.call('POST', path, { key: SERVERS }, OWN)).status).toBe(200);
  });

  it('knows no session, and every key', async () => {
    const cookie = await signedIn({ key: SERVERS });
    expect((await t.call('GET', '/experiments', undefined, { ...OWN, cookie })).status).toBe(200);
    expect((await t.call('GET', '/experiments', undefined, { ...OF_LINKS, cookie })).status).toBe(401);
    const authorization = `Bearer ${SERVERS}`;
    expect((await t.call('GET', '/experiments', undefined, { ...OF_LINKS, authorization })).status).toBe(200);
  });
});

describe('answers', () => {
  it('are nothing that a browser runs or frames, failures too', async () => {
    await plane({ apiKey: null });
    const { body: made } = await t.call('POST', '/experiments', localSubmission(await t.snapshot(FILES)));
    for (const path of ['/experiments', `/experiments/${made.experiment_id}/logs`, '/nowhere']) {
      const { headers } = await t.stream(path);
      expect(Object.fromEntries(headers)).toMatchObject({
        'x-content-type-options': 'nosniff',
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'; sandbox",
        'cross-origin-resource-policy': 'same-origin',
        'cache-control': 'no-store',
      });
    }
  });

  it('count by status what a list would have, whatever status it asks for', async () => {
    await plane({ apiKey: null });
    const digest = await t.snapshot(FILES);
    for (const message of ['a first', 'a second', 'other'])
      await t.call('POST', '/experiments', localSubmission(digest, { message }));
    const { body } = await t.call('GET', '/counts?message=a%20');
    const sum = Object.values<number>(body.counts).reduce((all, one) => all + one, 0);
    expect(sum).toBe(2);
    expect(Object.keys(body.counts)).toHaveLength(8);
    expect((await t.call('GET', '/counts?limit=3')).status).toBe(400);
  });

  it('tell the plan: groups, and each variable with where it comes from', async () => {
    await plane({ apiKey: null });
    const digest = await t.snapshot(FILES);
    const wish = localSubmission(digest, { env: { RATE: '0.1' }, secrets: { TOKEN: 'hidden' } });
    const { body: made } = await t.call('POST', '/experiments', wish);
    const { body } = await t.call('GET', `/experiments/${made.experiment_id}/plan`);
    expect(body).toMatchObject({ operator: 'jobset', groups: [{ name: 'worker', pods: 2, cpus: 2 }] });
    const [{ env }] = body.groups;
    expect(env).toContainEqual({ name: 'RATE', origin: 'submission', source: 'literal', value: '0.1' });
    expect(env).toContainEqual({ name: 'TOKEN', origin: 'secret', source: 'secret', value: null });
    expect(JSON.stringify(body)).not.toContain('hidden');
  });

  it('tell changes as events to a browser, each with how far its reader has seen', async () => {
    await plane({ apiKey: null });
    const digest = await t.snapshot(FILES);
    const { body: made } = await t.call('POST', '/experiments', localSubmission(digest));
    const text = await toldUntil('/v1/watch', (told) => told.includes(made.experiment_id));
    expect(text).toMatch(/^retry: 2000\n\nid: [1-9]\d*\ndata: \{.*"status":"Waiting".*\}\n\n$/);
  });

  it('says to a browser every 15 seconds of silence that it is still there, and a list of lines an empty one', async () => {
    await plane({ apiKey: null });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      for (const [accept, beat] of [
        ['text/event-stream', ': still here\n\n'],
        ['application/x-ndjson', '\n'],
      ] as const) {
        const gone = new AbortController();
        const { body } = await t.app.request('/v1/watch', { headers: { accept }, signal: gone.signal }, {});
        const reader = (body as ReadableStream<Uint8Array>).getReader();
        const next = async () => Buffer.from((await reader.read()).value ?? []).toString();
        if (beat.length > 1) expect(await next()).toBe('retry: 2000\n\n');
        for (const _ of 'twice') {
          const said = next();
          let isSaid = false;
          void said.then(() => (isSaid = true));
          await vi.advanceTimersByTimeAsync(14_999);
          expect(isSaid).toBe(false);
          await vi.advanceTimersByTimeAsync(1);
          expect(await said).toBe(beat);
        }
        gone.abort();
        await reader.cancel();
      }
    } finally {
      vi.useRealTimers();
    }
  });

  it('go on where a browser was cut off: with all that changed since, and with nothing else', async () => {
    await plane({ apiKey: null });
    const digest = await t.snapshot(FILES);
    const submit = async (message: string) =>
      (await t.call('POST', '/experiments', localSubmission(digest, { message }))).body.experiment_id;
    const quiet = await submit('quiet');
    await t.call('POST', '/experiments/cancel', { ids: [quiet] });
    await toldUntil(`/v1/watch?id=${quiet}`, (told) => told.includes('"status":"Cancelled"'));
    const [first, second] = [await submit('first'), await submit('second')];
    const last = lastId(await toldUntil('/v1/watch?limit=1', (told) => told.includes(second)));
    await t.call('POST', '/experiments/annotate', { ids: [first], note: 'changed meanwhile' });
    const third = await submit('third');
    const fourth = await submit('fourth');
    const went = await toldUntil('/v1/watch?limit=1', (told) => told.includes(fourth), last);
    expect(experimentsIn(went)).toEqual(expect.arrayContaining([first, third, fourth]));
    expect(experimentsIn(went)).not.toContain(quiet);
    expect(went).toContain('changed meanwhile');
    const of = await toldUntil('/v1/watch?message=ir', (told) => told.includes(third), last);
    expect(new Set(experimentsIn(of))).toEqual(new Set([first, third]));
    // Nothing was missed: what comes next is the next change.
    const told = toldUntil('/v1/watch?limit=1', (text) => text.includes('later'), lastId(went));
    await t.call('POST', '/experiments/annotate', { ids: [second], note: 'later' });
    expect(experimentsIn(await told)).toContain(second);
    expect(experimentsIn(await told)).not.toContain(quiet);
  });

  it.each(['999999', 'of another server', '-1'])(
    'begin anew behind an id that says nothing: %s',
    async (id) => {
      await plane({ apiKey: null });
      const digest = await t.snapshot(FILES);
      const { body: made } = await t.call('POST', '/experiments', localSubmission(digest));
      const text = await toldUntil('/v1/watch?limit=1', (told) => told.includes(made.experiment_id), id);
      expect(experimentsIn(text)).toEqual([made.experiment_id]);
    },
  );
});

/** What a browser is told until that is enough. */
async function toldUntil(
  path: string,
  isEnough: (told: string) => boolean,
  lastId?: string,
): Promise<string> {
  const gone = new AbortController();
  const headers = { accept: 'text/event-stream', ...(lastId !== undefined && { 'last-event-id': lastId }) };
  const response = await t.app.request(path, { headers, signal: gone.signal }, {});
  expect(response.headers.get('content-type')).toBe('text/event-stream');
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += Buffer.from(chunk).toString();
    if (isEnough(text)) break;
  }
  gone.abort();
  return text;
}

const lastId = (told: string) => [...told.matchAll(/^id: (\d+)$/gm)].at(-1)?.[1];
const experimentsIn = (told: string) => [...told.matchAll(/"experiment_id":"([\w-]+)"/g)].map(([, id]) => id);

describe('the hosts of a team', () => {
  const at = 'https://aichor.example';
  beforeEach(() => plane({ apiKey: null }));

  it.each([
    [{}, at, { console: at, links: null }],
    [{ AICHOR_LINKS_URL: 'https://links.example/' }, at, { console: at, links: 'https://links.example' }],
    [{ AICHOR_CONSOLE: 'off' }, at, { console: null, links: at }],
    [
      {},
      'http://127.0.0.1:8642',
      { console: 'http://aichor.localhost:8642', links: 'http://127.0.0.1:8642' },
    ],
  ])('by %j', (env, address, wanted) => expect(teamPlaces(env, address)).toEqual(wanted));

  it.each([
    [{ AICHOR_LINKS_URL: 'https://aichor.example:8443' }, 'where the console is'],
    [{ AICHOR_LINKS_URL: 'links' }, 'no address'],
    [{ AICHOR_LINKS_URL: 'javascript:alert(1)' }, 'no address'],
  ])('not by %j', (env, why) => expect(() => teamPlaces(env, at)).toThrow(why));

  it('are known by a URL with its scheme alone', () => {
    expect(publicUrl({})).toBeNull();
    expect(publicUrl({ AICHOR_PUBLIC_URL: `${at}/` })).toBe(at);
    for (const told of ['aichor.example.com', 'aichor.example.com:8642', 'ftp://aichor.example', 'https://'])
      expect(() => publicUrl({ AICHOR_PUBLIC_URL: told })).toThrow('AICHOR_PUBLIC_URL');
  });

  it.each([
    ['aichor.example', '/experiments', 'console'],
    ['aichor.example', '/links/x/ray/', 'nothing'],
    ['links.example', '/links/x/ray/', 'others'],
    ['links.example', '/', 'elsewhere'],
    ['links.example', '/v1/session', 'elsewhere'],
    ['evil.test', '/links/x/ray/', 'nothing'],
  ])('%s%s is %s', (host, path, wanted) => {
    const places = { console: at, links: 'https://links.example' };
    expect(servedOfTeam(places, host, path).what).toBe(wanted);
  });

  it('tells how links come to be served where they are not', () => {
    const served = servedOfTeam({ console: at, links: null }, 'aichor.example', '/links/x/ray/');
    expect(served).toMatchObject({ what: 'nothing', why: expect.stringContaining('AICHOR_LINKS_URL') });
  });
});
