import { createServer, type RequestListener, type Server } from 'node:http';
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { createClient } from '../../../src/client/client.ts';
import { errorOfBody } from '../../../src/client/error-of-body.ts';
import { searchOf } from '../../../src/base/http/query.ts';
import type { Address } from '../../../src/client/address.ts';
import { send, sendForBytes, sendForJson } from '../../../src/client/http.ts';

const servers: Server[] = [];
const folders: string[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

async function serve(listener: RequestListener, place: string | number = 0): Promise<Server> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(place, () => resolve()));
  return server;
}

async function onPort(listener: RequestListener): Promise<Address> {
  const server = await serve(listener);
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

function socketPath(): string {
  const folder = mkdtempSync(join(tmpdir(), 'aichor-http-'));
  folders.push(folder);
  return join(folder, 's.sock');
}

describe('a request', () => {
  it('goes to a port with its key, its query, its JSON', async () => {
    let seen: unknown;
    const address = await onPort((request, response) => {
      let body = '';
      request.on('data', (chunk) => (body += chunk));
      request.on('end', () => {
        seen = { url: request.url, method: request.method, key: request.headers.authorization, body };
        response.end('{"ok":true}');
      });
    });
    const request = {
      method: 'POST' as const,
      path: '/x',
      query: { status: ['A', 'B'], limit: 5, gone: undefined },
      json: { a: 'é' },
    };
    expect(await sendForJson({ address, apiKey: 'k' }, request)).toEqual({ ok: true });
    expect(seen).toEqual({
      url: '/v1/x?status=A&status=B&limit=5',
      method: 'POST',
      key: 'Bearer k',
      body: '{"a":"é"}',
    });
  });

  it('gives the bytes of JSON that is only handed on, and nothing else', async () => {
    const address = await onPort(({ url }, response) => {
      const type = url === '/v1/page' ? 'text/html' : 'application/json; charset=utf-8';
      response.writeHead(url === '/v1/none' ? 404 : 200, { 'content-type': type });
      response.write('{"a": "é');
      if (url === '/v1/cut') setImmediate(() => response.destroy());
      else response.end('"}');
    });
    const ask = (path: string) => sendForBytes({ address, apiKey: null }, { method: 'GET', path });
    expect(Buffer.from(await ask('/json')).toString()).toBe('{"a": "é"}');
    await expect(ask('/page')).rejects.toMatchObject({ code: 'server_error' });
    await expect(ask('/none')).rejects.toMatchObject({ code: 'server_error' });
    await expect(ask('/cut')).rejects.toMatchObject({ code: 'server_unreachable' });
  });

  it('goes below the path of an address', async () => {
    const address = await onPort((request, response) => response.end(JSON.stringify(request.url)));
    if (!('url' in address)) throw new Error('not a port');
    expect(
      await sendForJson(
        { address: { url: `${address.url}/aichor` }, apiKey: null },
        { method: 'GET', path: '/health' },
      ),
    ).toBe('/aichor/v1/health');
  });

  it('goes to a unix socket', async () => {
    const path = socketPath();
    await serve(
      (request, response) =>
        response.end(JSON.stringify({ url: request.url, key: request.headers.authorization ?? null })),
      path,
    );
    const answer = await sendForJson(
      { address: { socketPath: path }, apiKey: null },
      { method: 'GET', path: '/health' },
    );
    expect(answer).toEqual({ url: '/v1/health', key: null });
  });

  it('carries a stream, whose own failure is what is told', async () => {
    let received = 0;
    const address = await onPort((request, response) => {
      request.on('data', (chunk: Buffer) => (received += chunk.length));
      request.on('end', () => response.end('{}'));
    });
    const put = (stream: Readable) =>
      send(
        { address, apiKey: null },
        { method: 'PUT', path: '/f', body: { content: stream, type: 'application/x-tar' } },
      );
    (await put(Readable.from([Buffer.alloc(100_000), Buffer.alloc(5)]))).resume();
    expect(received).toBe(100_005);
    async function* failing() {
      yield Buffer.alloc(10);
      throw new Error('the file changed');
    }
    await expect(put(Readable.from(failing()))).rejects.toMatchObject({
      code: 'server_unreachable',
      cause: { message: 'the file changed' },
    });
  });
});

describe('a failure', () => {
  it('is what the body says', () => {
    const body = {
      error: {
        code: 'conflict',
        message: 'm',
        hint: 'h',
        exit_code: 6,
        request_id: 'r1',
        diagnostics: [{ line: 3 }],
      },
    };
    expect(errorOfBody(409, JSON.stringify(body))).toMatchObject({
      code: 'conflict',
      message: 'm',
      hint: 'h',
      requestId: 'r1',
      diagnostics: [{ line: 3 }],
    });
  });

  it.each([
    [401, '<html>', 'unauthenticated'],
    [403, '', 'forbidden'],
    [502, 'bad gateway', 'server_unreachable'],
    [500, '{"error":{"code":"made_up","message":"m"}}', 'server_error'],
    [404, '{"message":"not ours"}', 'server_error'],
    [500, 'null', 'server_error'],
  ])('with status %i and the body %j is %s', (status, body, code) => {
    expect(errorOfBody(status, body)).toMatchObject({ code, hint: expect.any(String) });
  });

  it('is server_error when the answer is no JSON', async () => {
    const address = await onPort((_, response) => response.end('hello'));
    await expect(sendForJson({ address, apiKey: null }, { method: 'GET', path: '/x' })).rejects.toMatchObject(
      { code: 'server_error' },
    );
  });

  it('is server_unreachable when nobody listens, or the answer is cut', async () => {
    const address = { socketPath: socketPath() };
    await expect(sendForJson({ address, apiKey: null }, { method: 'GET', path: '/x' })).rejects.toMatchObject(
      {
        code: 'server_unreachable',
        cause: { code: 'ENOENT' },
      },
    );
    const cutting = await onPort((_, response) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('{', () => response.destroy());
    });
    await expect(
      sendForJson({ address: cutting, apiKey: null }, { method: 'GET', path: '/x' }),
    ).rejects.toMatchObject({ code: 'server_unreachable' });
  });

  it('is the reason of the signal when that was aborted', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const address = await onPort(() => controller.abort(reason));
    await expect(
      send({ address, apiKey: null }, { method: 'GET', path: '/x', signal: controller.signal }),
    ).rejects.toBe(reason);
  });
});

describe('the client', () => {
  const summary = { experiment_id: 'x' };
  const submission = { source: { kind: 'local' as const, snapshot: 'sha256:0' } };

  it('finds the server again when nobody listens, whatever the request', async () => {
    const path = socketPath();
    const reconnect = async () => {
      await serve((_, response) => response.end(JSON.stringify(summary)), path);
      return { socketPath: path };
    };
    const client = createClient({ address: { socketPath: path }, apiKey: null, reconnect });
    expect(await client.submit(submission)).toEqual(summary);
  });

  it('sends again what may come twice when an answer is lost, and nothing else', async () => {
    const asked: string[] = [];
    const address = await onPort((request, response) => {
      asked.push(`${request.method} ${request.url}`);
      if (asked.length % 2 === 1) response.destroy();
      else response.end(JSON.stringify(summary));
    });
    const client = createClient({ address, apiKey: null, reconnect: async () => address });
    await client.get('x');
    await client.submit({ ...submission, idempotency_key: 'k' });
    await client.announce(Buffer.from('{"base":null}\n'));
    expect(asked).toHaveLength(6);
    await expect(client.submit(submission)).rejects.toMatchObject({ code: 'server_unreachable' });
    expect(asked).toHaveLength(7);
  });

  it.each([
    [4, 'answered'],
    [6, 'server_unreachable'],
  ])('whose server dies under it %d times in a row: %s', async (deaths, end) => {
    let asked = 0;
    const address = await onPort((_request, response) => {
      if (++asked <= deaths) response.destroy();
      else response.end(JSON.stringify(summary));
    });
    const client = createClient({ address, apiKey: null, reconnect: async () => address });
    const told = await client.get('x').then(
      () => 'answered',
      (error: { code: string }) => error.code,
    );
    expect(told).toBe(end);
  });

  it('says of a submission without an answer that it may have been taken, and by which flag it is the same', async () => {
    const address = await onPort((_request, response) => response.destroy());
    const client = createClient({ address, apiKey: null });
    const said = {
      code: 'server_unreachable',
      message: expect.stringMatching(/; the submission may have been taken$/),
    };
    await expect(client.submit({ ...submission, idempotency_key: 'my key' })).rejects.toMatchObject({
      ...said,
      hint: expect.stringContaining(
        "the same command with --idempotency-key 'my key' gives what was submitted",
      ),
    });
    await expect(client.resubmit('x', { idempotency_key: 'k1' })).rejects.toMatchObject({
      ...said,
      hint: expect.stringContaining('--idempotency-key k1 '),
    });
    const points = {
      ...submission,
      name: 'lr',
      points: [{}],
      repeat: 1,
      max_parallel: null,
      rerun: 'missing' as const,
    };
    await expect(client.submitSweep(points)).rejects.toMatchObject({
      ...said,
      hint: expect.stringContaining('--name lr '),
    });
  });

  it.each([
    ['a proxy that waited in vain', 504, '<html>', true],
    ['half an answer', 200, '{"experiment_id": "', true],
    [
      'a word of the server',
      503,
      '{"error": {"code": "server_unreachable", "message": "full", "request_id": "r"}}',
      false,
    ],
  ])('takes %s for what it is', async (_what, status, body, lost) => {
    const address = await onPort((_request, response) => response.writeHead(status).end(body));
    const client = createClient({ address, apiKey: null });
    const error = await client
      .submit({ ...submission, idempotency_key: 'k' })
      .catch((thrown: Error) => thrown);
    expect(String(error).includes('may have been taken')).toBe(lost);
  });

  it('knows that what was never sent was not taken, and that an answer counts for all tries', async () => {
    const nobody = createClient({ address: { url: 'http://127.0.0.1:9' }, apiKey: null });
    const keyed = { ...submission, idempotency_key: 'k' };
    await expect(nobody.submit(keyed)).rejects.toMatchObject({
      message: expect.not.stringContaining('taken'),
    });
    let asked = 0;
    const address = await onPort((_request, response) => {
      if (++asked === 1) response.destroy();
      else
        response
          .writeHead(409)
          .end('{"error": {"code": "conflict", "message": "another", "hint": null, "request_id": "r"}}');
    });
    const client = createClient({ address, apiKey: null, reconnect: async () => address });
    await expect(client.submit(keyed)).rejects.toMatchObject({ code: 'conflict', message: 'another' });
    expect(asked).toBe(2);
  });

  it('of a server over a network does not wait where nobody listens', async () => {
    const client = createClient({ address: { url: 'http://127.0.0.1:9' }, apiKey: null });
    await expect(client.get('x')).rejects.toMatchObject({ code: 'server_unreachable' });
  });

  it('keeps refs inside their place in the path', async () => {
    const address = await onPort((request, response) => response.end(JSON.stringify(request.url)));
    const client = createClient({ address, apiKey: null });
    expect(await client.get('a/../b?c')).toBe('/v1/experiments/a%2F..%2Fb%3Fc');
  });

  it('tells a snapshot that is not there from trouble', async () => {
    const answers: Record<string, [number, object]> = {
      'sha256:here': [200, { digest: 'sha256:here', missing: [] }],
      'sha256:gone': [404, { error: { code: 'not_found', message: 'not here', hint: null, exit_code: 5 } }],
      'sha256:ill': [500, { error: { code: 'server_error', message: 'ill', hint: null, exit_code: 7 } }],
    };
    const address = await onPort((request, response) => {
      const digest = decodeURIComponent(request.url?.split('/').at(-1) ?? '');
      const [status, body] = answers[digest] ?? [500, {}];
      response.writeHead(status).end(JSON.stringify(body));
    });
    const client = createClient({ address, apiKey: null });
    expect(await client.holds('sha256:here')).toBe(true);
    expect(await client.holds('sha256:gone')).toBe(false);
    await expect(client.holds('sha256:ill')).rejects.toMatchObject({ code: 'server_error' });
  });
});

it('writes no question mark without a query', () => {
  expect(searchOf({ a: undefined, b: [] })).toBe('');
  expect(searchOf(undefined)).toBe('');
});
