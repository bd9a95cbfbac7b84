import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { openRemote } from '../../../src/base/http/remote.ts';
import { HttpTimeout, readText } from '../../../src/base/http/send.ts';

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

async function serve(listener: RequestListener) {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

const direct = { env: {}, connectMs: 5000 };

describe('a server over a network', () => {
  it('is told its own name, is asked below its path, and gives any status as an answer', async () => {
    const { url } = await serve((request, response) => {
      void readText(request).then((body) =>
        response.writeHead(409, { 'x-a': 'b' }).end(
          JSON.stringify({
            url: request.url,
            host: request.headers.host,
            length: request.headers['content-length'],
            body,
          }),
        ),
      );
    });
    const remote = await openRemote(`${url}/team/`, direct);
    const { status, headers, body } = await remote.send({ method: 'POST', path: '/v1/x?a=1', body: 'é' });
    expect([status, headers['x-a']]).toEqual([409, 'b']);
    expect(JSON.parse(await readText(body))).toEqual({
      url: '/team/v1/x?a=1',
      host: new URL(url).host,
      length: '2',
      body: 'é',
    });
  });

  it('that falls silent is given up when its time is over: before its answer, and within it', async () => {
    const { url } = await serve((request, response) => {
      if (request.url === '/within') response.write('a');
    });
    const remote = await openRemote(url, direct);
    const patience = { answerMs: 1000, silentMs: 1000 };
    await expect(remote.send({ method: 'GET', path: '/before', ...patience })).rejects.toThrow(HttpTimeout);
    const { body } = await remote.send({ method: 'GET', path: '/within', ...patience });
    await expect(readText(body)).rejects.toMatchObject({ code: 'ETIMEDOUT' });
  });

  it('is not given up while nobody reads what it has sent', async () => {
    const sent = 3 << 20;
    const { url } = await serve((_request, response) => response.end(Buffer.alloc(sent)));
    const remote = await openRemote(url, direct);
    const { body } = await remote.send({ method: 'GET', path: '/', silentMs: 100 });
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect((await readText(body)).length).toBe(sent);
  });

  it('has all its time from the moment on in which somebody reads what came long ago', async () => {
    const { url } = await serve((_request, response) => {
      response.write('a');
      read.then(() => setTimeout(() => response.end('b'), 600)).catch(() => undefined);
    });
    let tell: () => void = () => undefined;
    const read = new Promise<void>((resolve) => (tell = resolve));
    const remote = await openRemote(url, direct);
    const { body } = await remote.send({ method: 'GET', path: '/', silentMs: 1000 });
    await new Promise((resolve) => setTimeout(resolve, 900));
    const pieces: string[] = [];
    for await (const piece of body) {
      pieces.push(String(piece));
      tell();
    }
    expect(pieces.join('')).toBe('ab');
  });

  it('is asked again and again over the same connections', async () => {
    const { server, url } = await serve((_request, response) => response.end('{}'));
    let connections = 0;
    server.on('connection', () => connections++);
    const remote = await openRemote(url, direct);
    for (let round = 0; round < 5; round++)
      await readText((await remote.send({ method: 'GET', path: '/' })).body);
    // One may still be putting its answer away when the next is asked.
    expect(connections).toBeLessThan(3);
  });

  it('that breaks a connection off is an error with a code, before the answer and within it', async () => {
    const { url } = await serve((request, response) => {
      if (request.url === '/at-once') request.socket.destroy();
      else response.write('half', () => request.socket.destroy());
    });
    const remote = await openRemote(url, direct);
    await expect(remote.send({ method: 'GET', path: '/at-once' })).rejects.toMatchObject({
      code: 'ECONNRESET',
    });
    const { body } = await remote.send({ method: 'GET', path: '/' });
    await expect(readText(body)).rejects.toMatchObject({ code: expect.any(String) });
  });

  it('is not waited for after an abort; a body that fails says why itself', async () => {
    const { url } = await serve(() => undefined);
    const remote = await openRemote(url, direct);
    const reason = new Error('leave');
    const leaving = new AbortController();
    const asked = remote.send({ method: 'GET', path: '/', signal: leaving.signal });
    setTimeout(() => leaving.abort(reason), 20);
    await expect(asked).rejects.toBe(reason);
    const body = new Readable({ read: () => body.destroy(new Error('the disk broke')) });
    await expect(remote.send({ method: 'PUT', path: '/', body })).rejects.toThrow('the disk broke');
  });
});

describe('a proxy', () => {
  it('is asked for plain addresses, and for tunnels to others; never for what NO_PROXY names', async () => {
    const seen: string[] = [];
    const { server, url } = await serve((request, response) => {
      seen.push(`${request.method} ${request.url}`);
      response.end('from the proxy');
    });
    server.on('connect', (request, socket) => {
      seen.push(`CONNECT ${request.url}`);
      socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
    });
    const env = { HTTP_PROXY: url, HTTPS_PROXY: url, NO_PROXY: 'spared.invalid' };
    const at = async (address: string) =>
      (await openRemote(address, { env, connectMs: 5000 })).send({ method: 'GET', path: '/v1/x' });
    expect(await readText((await at('http://team.invalid')).body)).toBe('from the proxy');
    await expect(at('https://team.invalid')).rejects.toMatchObject({ code: expect.any(String) });
    await expect(at('http://spared.invalid')).rejects.toMatchObject({
      code: expect.stringMatching(/ENOTFOUND|EAI_AGAIN/),
    });
    expect(seen).toEqual(['GET http://team.invalid/v1/x', 'CONNECT team.invalid:443']);
  });
});
