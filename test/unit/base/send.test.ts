import { Agent, createServer, type RequestListener } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net';
import { Readable } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { HttpTimeout, readText, send, type HttpPlace } from '../../../src/base/http/send.ts';
import { searchOf } from '../../../src/base/http/query.ts';

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    if ('closeAllConnections' in server && typeof server.closeAllConnections === 'function')
      server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

async function place(server: Server): Promise<HttpPlace> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}
const serving = (listener: RequestListener) => place(createServer(listener));

describe('a request', () => {
  it('has the path, the headers and the body that were given; any status is an answer', async () => {
    const at = await serving((request, response) => {
      void readText(request).then((body) => {
        const { method, url, headers } = request;
        const { host, 'x-own': own, 'content-length': length } = headers;
        response.writeHead(418).end(JSON.stringify({ method, url, host, own, length, body }));
      });
    });
    const headers = { host: 'me', 'x-own': '1' };
    const below = 'url' in at ? { url: `${at.url}/proxied/` } : at;
    const answer = await send({ place: below, method: 'POST', path: '/a?b=1', headers, body: 'é' });
    expect(answer.statusCode).toBe(418);
    expect(JSON.parse(await readText(answer))).toEqual({
      ...{ method: 'POST', url: '/proxied/a?b=1', host: 'me', own: '1', length: '2', body: 'é' },
    });
  });

  it('is sent again, once, when the server had ended the connection that was kept', async () => {
    const agent = new Agent({ keepAlive: true });
    let asked = 0;
    // Ends a connection at its second request, as a server does whose patience is over just then.
    const at = await serving((request, response) => {
      const seen = seenOn.get(request.socket) ?? 0;
      seenOn.set(request.socket, seen + 1);
      asked++;
      if (seen > 0) request.socket.resetAndDestroy();
      else response.end('answer');
    });
    const seenOn = new WeakMap<object, number>();
    for (let round = 0; round < 3; round++) {
      const answer = await send({ place: at, method: 'POST', path: '/', body: 'x', agent });
      expect(await readText(answer)).toBe('answer');
    }
    expect(asked).toBe(5);
    const stream = Readable.from([Buffer.from('x')]);
    const sent = send({ place: at, method: 'PUT', path: '/', body: stream, agent });
    await expect(sent).rejects.toMatchObject({ code: 'ECONNRESET' });
    agent.destroy();
  });

  it.each([
    ['connection', { connectMs: 50 }],
    ['answer', { answerMs: 50 }],
  ] as const)('that gets no %s in time is broken off', async (waitedFor, limit) => {
    const silent = await place(createTcpServer((socket) => socket.on('error', () => undefined).resume()));
    // Nobody answers the handshake of TLS: there is no connection yet.
    const at =
      'url' in silent && waitedFor === 'connection' ? { url: silent.url.replace('http', 'https') } : silent;
    const failed = await send({ place: at, method: 'GET', path: '/', ...limit }).catch(
      (error: unknown) => error,
    );
    expect(failed).toBeInstanceOf(HttpTimeout);
    expect(failed).toMatchObject({ waitedFor, ms: 50, message: `no ${waitedFor} within 0.05 s` });
  });

  it('ends with the reason of its signal, and with the error of its own body', async () => {
    const at = await serving(() => undefined);
    const reason = new Error('leave');
    const aborted = { place: at, method: 'GET', path: '/', signal: AbortSignal.abort(reason) };
    await expect(send(aborted)).rejects.toBe(reason);
    const leaving = new AbortController();
    const sent = send({ ...aborted, signal: leaving.signal });
    setTimeout(() => leaving.abort(reason), 20);
    await expect(sent).rejects.toBe(reason);
    const body = new Readable({ read: () => body.destroy(new Error('the disk broke')) });
    await expect(send({ place: at, method: 'PUT', path: '/', body })).rejects.toThrow('the disk broke');
  });
});

it.each([
  [undefined, ''],
  [{}, ''],
  [{ a: undefined }, ''],
  [{ a: 1, b: [], c: 'x y&z', d: true }, '?a=1&c=x+y%26z&d=true'],
  [{ id: ['1', '2'] }, '?id=1&id=2'],
])('the query of %j is %j', (query, text) => {
  expect(searchOf(query)).toBe(text);
});
