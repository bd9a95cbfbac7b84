import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import {
  createServer,
  request,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type Server,
} from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Engine } from '../../../../src/engines/engine.ts';
import { REACHED, type ServiceName } from '../../../../src/experiment/link.ts';
import { createLinks, type LinkServer } from '../../../../src/server/links/links.ts';
import { createFakeEngine } from '../../../fakes/fake-engine.ts';

const ID = '6f4a850d-2281-4c1e-9a55-0123456789ab';

interface Seen {
  method: string | undefined;
  url: string | undefined;
  headers: IncomingMessage['headers'];
  body: string;
}

let folder: string;
let upstream: Server;
let seen: Seen[];
let dials: ServiceName[];
let links: LinkServer;
let touched: number;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'aichor-links-'));
  [seen, dials, touched] = [[], [], 0];
  upstream = createServer(async (incoming, outgoing) => {
    const { method, url, headers } = incoming;
    seen.push({ method, url, headers, body: await text(incoming) });
    if (url === '/away') outgoing.writeHead(302, { location: '/there' }).end();
    else if (url === '/cut')
      outgoing.writeHead(200, { 'content-length': 10 }).write('half', () => outgoing.destroy());
    else outgoing.writeHead(201, { 'x-of': 'pod' }).end(`answer to ${url}`);
  });
  upstream.on('upgrade', (_, socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n');
    socket.on('data', (bytes: Buffer) => socket.write(`echo ${bytes.toString()}`));
  });
  upstream.listen(0, '127.0.0.1');
  await once(upstream, 'listening');
  links = newLinks();
});
afterEach(async () => {
  await links.close(0);
  upstream.close();
  upstream.closeAllConnections();
  rmSync(folder, { recursive: true, force: true });
});

function newLinks(): LinkServer {
  const engine: Engine = Object.assign(createFakeEngine(), {
    async reach(_: string, name: ServiceName) {
      dials.push(name);
      if (name === 'ray') throw new Error('the head is not up');
      return connect((upstream.address() as AddressInfo).port, '127.0.0.1');
    },
  });
  return createLinks({
    ...{ address: null, portFile: join(folder, 'links.port'), now: () => new Date() },
    engineOf: (id) => (id === ID ? engine : null),
    log: { info() {}, warn() {}, error() {} },
    onRequest: () => touched++,
  });
}

interface Answer {
  status: number | undefined;
  headers: IncomingMessage['headers'];
  body: string;
}

async function ask(url: string, headers: OutgoingHttpHeaders = {}, body?: string): Promise<Answer> {
  const asked = request(url, { agent: false, method: body === undefined ? 'GET' : 'POST', headers });
  asked.end(body);
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  return { status: answer.statusCode, headers: answer.headers, body: await text(answer) };
}

/** As a browser does: the address with the pass first, then the link itself with the cookie. */
async function enter(name: ServiceName): Promise<{ url: string; cookie: string }> {
  const first = (await links.opened(ID, name, { url: REACHED, isStillIn: () => true })) ?? '';
  const entrance = await ask(first);
  expect(entrance.status).toBe(200);
  const [cookie = ''] = (entrance.headers['set-cookie']?.[0] ?? '').split(';');
  return { url: first.replace(/\?.*/, ''), cookie };
}

test('the address of a link stays where others say REACHED; other facts stay as they are', async () => {
  const facts = [
    { type: 'link', name: 'ray_dashboard', url: REACHED },
    { type: 'link', name: 'vscode', url: 'https://vscode.example/tunnel' },
    { type: 'link', name: 'jupyter', url: null },
    { type: 'progress', message: 'p' },
  ] as const;
  const [ray, ...others] = await links.addressed(ID, facts);
  expect(ray).toEqual({
    type: 'link',
    name: 'ray_dashboard',
    url: expect.stringMatching(new RegExp(`^http://127\\.0\\.0\\.1:\\d+/links/${ID}/ray/$`)),
  });
  expect(others).toEqual(facts.slice(1));
  expect(
    await links.opened(ID, 'tensorboard', { url: 'http://127.0.0.1:6006/', isStillIn: () => true }),
  ).toBeNull();
});

test('who has opened it sees what the pod serves; its own cookie is not shown to it', async () => {
  const { url, cookie } = await enter('tensorboard');
  const answer = await ask(`${url}data/runs?tag=loss`, { cookie: `a=1; ${cookie}`, 'x-own': '1' }, 'body');
  expect(answer).toMatchObject({
    status: 201,
    body: 'answer to /data/runs?tag=loss',
    headers: { 'x-of': 'pod' },
  });
  expect(seen).toEqual([
    expect.objectContaining({ method: 'POST', url: '/data/runs?tag=loss', body: 'body' }),
  ]);
  expect(seen[0]?.headers).toMatchObject({ cookie: 'a=1', 'x-own': '1', host: new URL(url).host });
  expect(touched).toBeGreaterThan(0);
});

test('connections are used again', async () => {
  const { url, cookie } = await enter('tensorboard');
  for (let times = 0; times < 20; times++) await ask(url, { cookie });
  // One more where the next request comes before Node has the connection back.
  expect(dials.length).toBeLessThan(4);
});

test('everybody else sees nothing', async () => {
  const { url } = await enter('tensorboard');
  const answer = await ask(url);
  expect(answer).toMatchObject({
    status: 403,
    body: expect.stringContaining(`aichor experiments open ${ID} tensorboard`),
  });
  expect((await ask(new URL('/', url).href)).status).toBe(403);
  expect((await ask(new URL('/v1/health', url).href)).status).toBe(403);
  expect(seen).toEqual([]);
});

test('Jupyter is told where it is served, the others are not', async () => {
  const { url, cookie } = await enter('jupyter');
  await ask(`${url}api`, { cookie });
  expect(seen[0]?.url).toBe(`/links/${ID}/jupyter/api`);
});

test('redirections of what knows nothing of its place lead to it', async () => {
  const { url, cookie } = await enter('tensorboard');
  const answer = await ask(`${url}away`, { cookie });
  expect(answer.headers.location).toBe(`/links/${ID}/tensorboard/there`);
});

test('what does not answer is said; what breaks off breaks off', async () => {
  const ray = await enter('ray');
  expect(await ask(ray.url, { cookie: ray.cookie })).toMatchObject({
    status: 502,
    body: expect.stringContaining('the head is not up'),
  });
  const { url, cookie } = await enter('tensorboard');
  await expect(ask(`${url}cut`, { cookie })).rejects.toThrow(/aborted/);
});

async function openSocket(url: string, headers: OutgoingHttpHeaders) {
  const asked = request(url, {
    agent: false,
    headers: { connection: 'Upgrade', upgrade: 'websocket', ...headers },
  });
  asked.end();
  return new Promise<{ socket: Duplex | null; status: number | undefined }>((resolve, reject) => {
    asked.once('upgrade', (answer, socket) => resolve({ socket, status: answer.statusCode }));
    asked.once('response', (answer) => resolve({ socket: null, status: answer.statusCode }));
    asked.once('error', reject);
  });
}

test('WebSockets pass, both ways, for who has opened it', async () => {
  const { url, cookie } = await enter('tensorboard');
  expect(await openSocket(`${url}ws`, {})).toMatchObject({ status: 403 });
  expect(await openSocket(`${url}ws`, { cookie, origin: 'http://attacker.example' })).toMatchObject({
    status: 403,
  });
  const { socket } = await openSocket(`${url}ws`, { cookie });
  socket?.write('hello');
  const [said] = (await once(socket as NonNullable<typeof socket>, 'data')) as [Buffer];
  expect(said.toString()).toBe('echo hello');
  expect(links.active()).toBeGreaterThan(0);
  const closed = once(socket as NonNullable<typeof socket>, 'close');
  await links.close(0);
  await closed;
});

test('the port is the same when the server is started again', async () => {
  const first = new URL((await links.opened(ID, 'ray', { url: REACHED, isStillIn: () => true })) ?? '').port;
  await links.close(0);
  links = newLinks();
  expect(new URL((await links.opened(ID, 'ray', { url: REACHED, isStillIn: () => true })) ?? '').port).toBe(
    first,
  );
});
