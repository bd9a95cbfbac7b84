/** What a page of the console is sent with: the answers to what it would ask first, for whoever has a session, and for nobody else. */
import { once } from 'node:events';
import { appendFile } from 'node:fs/promises';
import { createServer, request, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createPages } from '../../src/server/console/pages.ts';
import { createTestPlane, FILES, localSubmission, type TestPlane } from './control-plane.ts';

const SERVERS = 'the-key-of-the-server';
const HOSTILE = '</script><script>alert(1)</script><!--';
const PAGE = '<div id="page"><!-- what it shows first --></div><!-- what it would ask first -->after';

let t: TestPlane;
let server: Server;
let cookie: string;
let id: string;

beforeEach(async () => {
  t = await createTestPlane({ apiKey: SERVERS });
  const asset = (text: string) => ({
    type: 'text/html; charset=utf-8',
    bodies: new Map([['', Buffer.from(text)]]),
  });
  const pages = createPages({
    assets: new Map([
      ['index.html', asset(`list${PAGE}`)],
      ['logs.html', asset(`logs${PAGE}`)],
      ['main-1.js', asset('script')],
    ]),
    app: t.app,
    served: () => ({ what: 'console' }),
  });
  server = createServer((incoming, outgoing) => {
    if (!pages.request(incoming, outgoing)) outgoing.writeHead(204).end();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const headers = { 'sec-fetch-site': 'same-origin', 'content-type': 'application/json' };
  const body = JSON.stringify({ key: SERVERS });
  const signedIn = await t.app.request('/v1/session', { method: 'POST', headers, body }, {});
  cookie = signedIn.headers.get('set-cookie')?.split(';')[0] ?? '';
  const snapshot = await t.snapshot(FILES);
  const withKey = { authorization: `Bearer ${SERVERS}` };
  const made = await t.call('POST', '/experiments', localSubmission(snapshot, { message: HOSTILE }), withKey);
  id = made.body.experiment_id;
});
afterEach(async () => {
  await new Promise((resolve) => server.close(resolve));
  await t.close();
});

interface Answered {
  headers: IncomingHttpHeaders;
  text: string;
}

async function ask(path: string, headers: Record<string, string> = { cookie }): Promise<Answered> {
  const { port } = server.address() as AddressInfo;
  const asked = request({ port, path, headers: { host: 'team.example', ...headers } }).end();
  const [response] = await once(asked, 'response');
  const bytes = await buffer(response);
  const encoding = response.headers['content-encoding'];
  const plain =
    encoding === 'br' ? brotliDecompressSync(bytes) : encoding === 'gzip' ? gunzipSync(bytes) : bytes;
  return { headers: response.headers, text: String(plain) };
}

/** As the page reads it: the text up to the first end of the element. */
function firstOf({ text }: Answered): Record<string, unknown> {
  const [, data] = /<script type="application\/json" id="first">(.*?)<\/script>/s.exec(text) ?? [];
  return data === undefined ? {} : JSON.parse(data);
}

it('has who asks, the list and the counts, as they would be answered', async () => {
  const answered = await ask('/experiments?status=Waiting&status=Running&label=a%3Db');
  expect(answered.text).toMatch(/^list<div id="page"><\/div><script [^]*<\/script>after$/);
  const first = firstOf(answered);
  expect(Object.keys(first)).toEqual([
    '/v1/session',
    '/v1/experiments?status=Waiting&status=Running&label=a%3Db&limit=50',
    '/v1/counts?label=a%3Db',
  ]);
  for (const [url, answer] of Object.entries(first))
    expect(answer, url).toEqual((await t.call('GET', url.slice('/v1'.length), undefined, { cookie })).body);
  expect(answered.headers['cache-control']).toBe('no-store');
});

it.each(['br', 'gzip'])('comes packed as %s, too', async (encoding) => {
  const answered = await ask('/', { cookie, 'accept-encoding': encoding });
  expect(answered.headers['content-encoding']).toBe(encoding);
  expect(Object.keys(firstOf(answered))).toContain('/v1/counts');
});

it('has of a log the experiment, how long it is, and its end', async () => {
  const { context } = await t.engine.started(id);
  const source = { step: 'run', pod: 'worker-0-0', attempt: 1, stream: 'stdout' } as const;
  const file = await context.logs.file(source);
  await appendFile(file, 'a line\n'.repeat(1010));
  await context.logs.appended([source]);
  await context.logs.closed(source);
  const first = firstOf(await ask(`/experiments/${id.slice(0, 8)}/logs?pod=worker-0-0`));
  const log = `/v1/experiments/${id}/logs`;
  expect(Object.keys(first)).toEqual([
    '/v1/session',
    `/v1/experiments/${id.slice(0, 8)}`,
    `${log}/outline?pod=worker-0-0`,
    // The last page has ten lines: more are seen.
    `${log}?pod=worker-0-0&offset=500&limit=500`,
    `${log}?pod=worker-0-0&offset=1000&limit=500`,
  ]);
  expect(first[`${log}/outline?pod=worker-0-0`]).toMatchObject({ lines: 1010 });
  const end = String(first[`${log}?pod=worker-0-0&offset=1000&limit=500`]).trim().split('\n');
  expect(end.map((line) => JSON.parse(line)).filter(({ text }) => text === 'a line')).toHaveLength(10);
});

it('has no more of a log than a page may weigh: the page asks for it', async () => {
  const { context } = await t.engine.started(id);
  const source = { step: 'run', pod: 'worker-0-0', attempt: 1, stream: 'stdout' } as const;
  await appendFile(await context.logs.file(source), `${'long'.repeat(10_000)}\n`.repeat(100));
  await context.logs.appended([source]);
  await context.logs.closed(source);
  const answered = await ask(`/experiments/${id}/logs?pod=worker-0-0`);
  expect(answered.text).toMatch(/after$/);
  const log = `/v1/experiments/${id}/logs`;
  expect(Object.keys(firstOf(answered))).toEqual([
    ...['/v1/session', `/v1/experiments/${id}`],
    `${log}/outline?pod=worker-0-0`,
  ]);
});

it('holds nothing that a browser could take for an element', async () => {
  const answered = await ask('/experiments');
  expect(answered.text).not.toContain(HOSTILE);
  expect(answered.text.match(/<script|<!--/g)).toEqual(['<script']);
  expect(firstOf(answered)['/v1/experiments?limit=50']).toMatchObject({
    experiments: [{ message: HOSTILE }],
  });
});

it.each([
  ['nobody', {}],
  ['a session that is none', { cookie: 'aichor-session=nobody' }],
])('has no answer for %s', async (_who, headers) => {
  expect(firstOf(await ask('/experiments', headers))).toEqual({});
});

it.each(['iframe', 'empty', 'script', 'image'])('is sent alone to what is no window: %s', async (what) => {
  const answered = await ask('/experiments', { cookie, 'sec-fetch-dest': what });
  expect(answered.text).toBe(`list${PAGE}`);
});

it('leaves out what is counted back from now, and what is refused', async () => {
  expect(Object.keys(firstOf(await ask('/experiments?since=7d')))).toEqual(['/v1/session']);
  expect(Object.keys(firstOf(await ask('/experiments/00000000/logs')))).toEqual(['/v1/session']);
  expect(Object.keys(firstOf(await ask('/experiments?sort=nothing')))).not.toContain(
    '/v1/experiments?sort=nothing&limit=50',
  );
});

it.each(['//', '//[', '//experiments', 'http://team.example/experiments'])(
  'is sent whatever its address is: %s',
  async (path) => {
    expect((await ask(path)).text).toMatch(/^list<div id="page"><\/div>.*after$/s);
  },
);

it('is whole without an answer that breaks off', async () => {
  const { fetch } = t.app;
  const broken = () =>
    new Response(
      new ReadableStream({
        pull(controller) {
          controller.error(new Error('the disk'));
        },
      }),
    );
  vi.spyOn(t.app, 'fetch').mockImplementation((asked, ...more) =>
    asked.url.includes('/v1/counts') ? broken() : fetch(asked, ...more),
  );
  const answered = await ask('/experiments');
  expect(answered.text).toMatch(/after$/);
  expect(Object.keys(firstOf(answered))).toEqual(['/v1/session', '/v1/experiments?limit=50']);
});
