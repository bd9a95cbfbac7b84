import { IncomingMessage, type IncomingHttpHeaders } from 'node:http';
import { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { createGatekeeper, foreignCookies } from '../../../../src/server/links/gatekeeper.ts';
import { linkPlace, readLinkPath, type LinkRequest } from '../../../../src/server/links/link-path.ts';
import { createPasses } from '../../../../src/server/links/pass.ts';

const ID = '6f4a850d-2281-4c1e-9a55-0123456789ab';
const OTHER = '7f4a850d-2281-4c1e-9a55-0123456789ab';
const PLACE = linkPlace(ID, 'tensorboard');
const HOUR = 3_600_000;

function house(hosts: readonly string[] | null = ['127.0.0.1', 'localhost']) {
  const clock = { now: Date.parse('2026-01-01T00:00:00Z') };
  const passes = createPasses(() => new Date(clock.now), Buffer.from('secret'));
  const keeper = createGatekeeper({ passes, hosts });
  const admit = (path: string, headers: IncomingHttpHeaders = {}) =>
    keeper.admit(incoming(headers), linkOf(path));
  const gone = { isGone: false };
  const pathFor = (place = PLACE) => keeper.pathFor(place, () => !gone.isGone);
  return { clock, gone, pathFor, admit };
}

function incoming(headers: IncomingHttpHeaders): IncomingMessage {
  const message = new IncomingMessage(new Socket());
  message.headers = { host: '127.0.0.1:4000', ...headers };
  return message;
}

function linkOf(path: string): LinkRequest {
  const link = readLinkPath(path);
  if (link === null) throw new Error(`${path} is no link`);
  return link;
}

test.each([
  [`/links/${ID}/ray`, ''],
  [`/links/${ID}/ray/`, '/'],
  [`/links/${ID}/ray/api/jobs?limit=1`, '/api/jobs?limit=1'],
  [`/links/${ID}/ray?x=1`, '?x=1'],
  [`/links/${ID}/rays/`, null],
  [`/links/${ID.slice(1)}/ray/`, null],
  [`/v1/links/${ID}/ray/`, null],
])('%s is asked for %j', (path, rest) => {
  expect(readLinkPath(path)?.rest ?? null).toBe(rest);
});

test('nobody comes in without a pass', () => {
  const { admit } = house();
  expect(admit(`${PLACE.prefix}/`).kind).toBe('refused');
  expect(admit(`${PLACE.prefix}/?pass=1.x`).kind).toBe('refused');
});

test('a pass becomes a cookie that nobody else sees, and opens one link only', () => {
  const { admit, pathFor } = house();
  const entered = admit(`${pathFor()}&tab=1`);
  if (entered.kind !== 'enter') throw new Error(entered.kind);
  expect(entered.path).toBe(`${PLACE.prefix}/?tab=1`);
  expect(entered.cookie).toMatch(
    /; Path=\/links\/6f4a850d-\S+\/tensorboard\/; Max-Age=\d+; HttpOnly; SameSite=Strict$/,
  );
  const cookie = `theme=dark; ${entered.cookie.split(';')[0]}`;
  expect(admit(`${PLACE.prefix}/`, { cookie }).kind).toBe('in');
  expect(admit(`${linkPlace(ID, 'jupyter').prefix}/`, { cookie }).kind).toBe('refused');
  expect(admit(`${linkPlace(OTHER, 'tensorboard').prefix}/`, { cookie }).kind).toBe('refused');
  expect(foreignCookies(cookie)).toBe('theme=dark');
  expect(foreignCookies(entered.cookie.split(';')[0])).toBeUndefined();
});

test('the session of the console goes to nobody, whatever stands around it', () => {
  for (const name of ['aichor-session', '__Host-aichor-session']) {
    expect(foreignCookies(`${name}=secret`)).toBeUndefined();
    expect(foreignCookies(`a=1; ${name}=secret; b=2`)).toBe('a=1; b=2');
    expect(foreignCookies(`a=1;${name}=secret;b=2`)).toBe('a=1; b=2');
  }
});

test('the first address is no cookie, nor is a cookie a first address', () => {
  const { admit, pathFor } = house();
  const first = pathFor().split('pass=')[1] ?? '';
  const entered = admit(pathFor());
  if (entered.kind !== 'enter') throw new Error(entered.kind);
  const [name = '', held = ''] = (entered.cookie.split(';')[0] ?? '').split('=');
  expect(admit(`${PLACE.prefix}/`, { cookie: `${name}=${first}` }).kind).toBe('refused');
  expect(admit(`${PLACE.prefix}/?pass=${held}`).kind).toBe('refused');
});

test('both are good for a while', () => {
  const { admit, pathFor, clock } = house();
  const path = pathFor();
  const entered = admit(path);
  if (entered.kind !== 'enter') throw new Error(entered.kind);
  const headers = { cookie: entered.cookie.split(';')[0] };
  clock.now += 2 * HOUR;
  expect(admit(path).kind).toBe('refused');
  expect(admit(`${PLACE.prefix}/`, headers).kind).toBe('in');
  clock.now += 11 * HOUR;
  expect(admit(`${PLACE.prefix}/`, headers).kind).toBe('refused');
});

test('passes of a server that has gone are good for nothing', () => {
  const path = house().pathFor();
  const keeper = createGatekeeper({
    passes: createPasses(() => new Date('2026-01-01T00:00:00Z')),
    hosts: null,
  });
  expect(keeper.admit(incoming({}), linkOf(path)).kind).toBe('refused');
});

test('who may no longer use the server is no longer let in by what was opened before', () => {
  const { admit, gone, pathFor } = house();
  const path = pathFor();
  const entered = admit(path);
  if (entered.kind !== 'enter') throw new Error(entered.kind);
  const headers = { cookie: entered.cookie.split(';')[0] };
  expect(admit(`${PLACE.prefix}/`, headers).kind).toBe('in');
  gone.isGone = true;
  expect(admit(`${PLACE.prefix}/`, headers).kind).toBe('refused');
  expect(admit(path).kind).toBe('refused');
});

test('only under names of this machine, whatever else leads here', () => {
  const { admit, pathFor } = house();
  const path = pathFor();
  expect(admit(path, { host: 'attacker.example:4000' }).kind).toBe('refused');
  expect(admit(path, { host: 'LOCALHOST:9000' }).kind).toBe('enter');
  const anywhere = house(null);
  expect(anywhere.admit(anywhere.pathFor(), { host: 'team.example' }).kind).toBe('enter');
});

test('no WebSocket for another site', () => {
  const { admit, pathFor } = house();
  const entered = admit(pathFor());
  if (entered.kind !== 'enter') throw new Error(entered.kind);
  const headers = { cookie: entered.cookie.split(';')[0], upgrade: 'websocket' };
  expect(admit(`${PLACE.prefix}/ws`, { ...headers, origin: 'http://127.0.0.1:4000' }).kind).toBe('in');
  expect(admit(`${PLACE.prefix}/ws`, headers).kind).toBe('in');
  expect(admit(`${PLACE.prefix}/ws`, { ...headers, origin: 'http://127.0.0.1:5000' }).kind).toBe('refused');
});
