/** Requests written byte by byte, to a listener with all that a team's server has before its contract: each is answered, and it stays. */
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createPages } from '../../src/server/console/pages.ts';
import { createHookHandler } from '../../src/server/http/hooks.ts';
import { listenOnPort, type Listener } from '../../src/server/process/listen.ts';
import { createTestPlane, FILES, localSubmission, type TestPlane } from '../contract/control-plane.ts';
import { createFakeEngine } from '../fakes/fake-engine.ts';

const KEY = 'a-key-of-this-test';
const HEAD = `HTTP/1.1\r\nhost: console.test\r\nauthorization: Bearer ${KEY}\r\n`;
const H2C =
  'connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n';
const WEBSOCKET =
  'connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n';

let t: TestPlane;
let listener: Listener;
let broken: unknown = null;

beforeAll(async () => {
  t = await createTestPlane({ apiKey: KEY, engine: createFakeEngine({ capacity: { max_experiments: 0 } }) });
  const { log } = t.serving;
  listener = await listenOnPort(
    { host: '127.0.0.1', port: 0 },
    {
      app: t.app,
      hooks: createHookHandler({ hooks: t.hooks, log, meter: null }),
      pages: createPages({
        assets: new Map([
          ['index.html', { type: 'text/html', bodies: new Map([['', Buffer.from('page')]]) }],
        ]),
        app: t.app,
        served(host) {
          if (host === 'broken.test') throw broken;
          return host === 'nowhere.test' ? { what: 'nothing', why: 'nothing is here' } : { what: 'console' };
        },
      }),
      log,
      onRequest: () => undefined,
    },
  );
});
afterAll(async () => {
  await listener.close(0);
  await t.close();
});

/** What comes back until the server closes the connection. */
function say(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect(Number(new URL(listener.address).port), '127.0.0.1', () =>
      socket.write(text),
    );
    let all = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => (all += chunk));
    socket.on('end', () => resolve(all)).on('error', reject);
  });
}
const ask = (line: string, more = '') => say(`${line} ${HEAD}connection: close\r\n${more}\r\n`);
const statusOf = (answer: string) => Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1]);
const errorOf = (answer: string) => JSON.parse(answer.split('\r\n\r\n')[1] ?? '').error;
const stays = async () => expect(statusOf(await ask('GET /healthz'))).toBe(200);

describe('the address of a request', () => {
  it.each([
    ['GET //', 200],
    ['GET //x:y@z:99999/', 200],
    ['GET ///v1/session', 200],
    ['GET /[', 200],
    ['GET http://', 400],
    ['GET http://[/', 400],
    ['GET http://console.test/healthz', 200],
    ['OPTIONS *', 400],
    ['GET /x/../v1/experiments', 400],
    ['GET /links/%2e%2E/v1/experiments', 400],
    ['GET /links\\..\\v1', 400],
    ['GET /.well-known/x', 200],
  ])('%s is answered with %i', async (line, status) => {
    expect(statusOf(await ask(line))).toBe(status);
    await stays();
  });

  it('can be any of a request to upgrade, too', async () => {
    for (const path of ['//', 'http://', '/../', '/nowhere'])
      expect(statusOf(await say(`GET ${path} ${HEAD}${WEBSOCKET}\r\n`)), path).toBeGreaterThanOrEqual(400);
    await stays();
  });
});

it('what breaks while a request is answered ends neither the server nor leaves who asked without an answer', async () => {
  broken = new TypeError('a bug of this test');
  const head = HEAD.replace('console.test', 'broken.test');
  const answer = await say(`GET / ${head}connection: close\r\n\r\n`);
  expect([statusOf(answer), errorOf(answer).code]).toEqual([500, 'internal']);
  expect(statusOf(await say(`GET / ${head}${WEBSOCKET}\r\n`))).toBe(500);
  const told = t.logged.filter((line) => Object(line).err === broken);
  expect(told).toHaveLength(2);
  await stays();
});

describe('a request to upgrade', () => {
  it('to anything but a WebSocket does nothing, and says so', async () => {
    const body = JSON.stringify(localSubmission(await t.snapshot(FILES)));
    const more = `content-type: application/json\r\ncontent-length: ${body.length}\r\n`;
    for (const [method, upgrade] of [
      ['POST', H2C],
      ['POST', WEBSOCKET],
      ['GET', H2C],
    ] as const) {
      const answer = await say(`${method} /v1/experiments ${HEAD}${upgrade}${more}\r\n${body}`);
      expect(statusOf(answer), answer).toBe(400);
      expect(answer).toMatch(/\r\nconnection: close\r\n/);
      expect(errorOf(answer)).toMatchObject({ code: 'usage', message: expect.stringContaining('HTTP/1.1') });
    }
    const { experiments } = (
      await t.call('GET', '/experiments', undefined, { authorization: `Bearer ${KEY}` })
    ).body;
    expect(experiments).toEqual([]);
  });

  it('where there is no WebSocket is refused, also of what never ends', async () => {
    for (const path of ['/v1/events?follow=true', '/v1/watch', '/v1/experiments', '/healthz']) {
      const answer = await say(`GET ${path} ${HEAD}${WEBSOCKET}\r\n`);
      expect(statusOf(answer), `${path} ${answer}`).toBe(400);
      expect(errorOf(answer).code).toBe('usage');
    }
    await vi.waitFor(() => expect(listener.active()).toBe(0));
  });

  it('goes the way of every other: without a key, and under a name that is not served', async () => {
    const stranger = HEAD.replace(/authorization.*\r\n/, '');
    expect(statusOf(await say(`GET /v1/events ${stranger}${WEBSOCKET}\r\n`))).toBe(401);
    const nowhere = HEAD.replace('console.test', 'nowhere.test');
    expect(statusOf(await say(`GET / ${nowhere}${WEBSOCKET}\r\n`))).toBe(421);
  });
});
