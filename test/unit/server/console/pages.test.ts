/** What is said with every page of the console, and to whom none is given. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, request, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { OpenAPIHono } from '@hono/zod-openapi';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RequestEnv } from '../../../../src/server/http/routes/api.ts';
import { readAssets } from '../../../../src/server/console/assets.ts';
import { createPages, type Served } from '../../../../src/server/console/pages.ts';

const STYLE = 'body{margin:0}';
const SCRIPT = 'document.title=""';
const PAGE = Buffer.from(
  `<!doctype html><style data-of="main">${STYLE}</style><script>${SCRIPT}</script><script src="/assets/main-1.js"></script>`,
);
const sumOf = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
const OWN = 'aichor-own.localhost';
let server: Server;
/** Bytes that had been sent when the page's first question was asked. */
let sentBefore: number[];

beforeEach(async () => {
  sentBefore = [];
  const app = new OpenAPIHono<RequestEnv>();
  app.get('/v1/session', (context) => {
    sentBefore.push(context.env.incoming?.socket.bytesWritten ?? 0);
    return context.json({}, 401);
  });
  const asset = (type: string) => ({ type, bodies: new Map([['', PAGE]]) });
  const pages = createPages({
    assets: new Map([
      ['index.html', asset('text/html; charset=utf-8')],
      ['main-1.js', asset('text/javascript; charset=utf-8')],
    ]),
    app,
    served: (host): Served =>
      host === OWN ? { what: 'console' } : { what: 'nothing', why: 'not under this name' },
  });
  server = createServer((incoming, outgoing) => {
    if (!pages.request(incoming, outgoing)) outgoing.writeHead(204).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(() => new Promise((resolve) => server.close(resolve)));

function ask(path: string, { method = 'GET', host = OWN, cookie = '' } = {}) {
  const { port } = server.address() as AddressInfo;
  return new Promise<{ status: number | undefined; headers: IncomingHttpHeaders }>((resolve, reject) => {
    request({ port, path, method, headers: { host, ...(cookie !== '' && { cookie }) } }, (response) => {
      response.resume();
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers }));
    })
      .on('error', reject)
      .end();
  });
}

const SAFE = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

describe('every answer', () => {
  it.each(['/', '/experiments/1', '/assets/main-1.js'])('to %s has the whole policy', async (path) => {
    const { status, headers } = await ask(path);
    expect(status).toBe(200);
    expect(headers).toMatchObject(SAFE);
    const policy = (headers['content-security-policy'] ?? '').toString().split('; ');
    // What stands in the page is let in by its sum, there and nowhere else.
    const own = path.startsWith('/assets/')
      ? { script: '', style: '' }
      : { script: ` ${sumOf(SCRIPT)}`, style: ` ${sumOf(STYLE)}` };
    expect(policy.toSorted()).toEqual([
      "base-uri 'none'",
      "connect-src 'self'",
      "default-src 'none'",
      "form-action 'self'",
      "frame-ancestors 'none'",
      "img-src 'self' data:",
      "require-trusted-types-for 'script'",
      `script-src 'self'${own.script}`,
      `style-src 'self'${own.style}`,
      'trusted-types aichor',
      "worker-src 'self'",
    ]);
  });

  it('that refuses has one, too, and nothing that a browser runs', async () => {
    for (const asked of [
      ask('/assets/none.js'),
      ask('/', { method: 'POST' }),
      ask('/', { host: 'evil.test' }),
    ]) {
      const { headers } = await asked;
      expect(headers).toMatchObject(SAFE);
      expect(headers['content-security-policy']).toBe("default-src 'none'; frame-ancestors 'none'");
      expect(headers['content-type']).toBe('text/plain; charset=utf-8');
    }
  });
});

describe('another name that leads here', () => {
  // A page whose own name is made to mean this machine (DNS rebinding) asks under its own name.
  it.each(['evil.test', 'localhost', '127.0.0.1', 'aichor-other.localhost', `${OWN}.evil.test`])(
    '%s is given nothing: no page, no file, nothing of the contract',
    async (host) => {
      for (const path of ['/', '/assets/main-1.js', '/v1/experiments', '/v1/session'])
        expect((await ask(path, { host })).status, path).toBe(421);
    },
  );

  it('makes no difference in large letters', async () => {
    expect((await ask('/', { host: OWN.toUpperCase() })).status).toBe(200);
  });
});

it('a page begins before what it would ask is asked: a browser need not wait for the answers to load its parts', async () => {
  expect((await ask('/experiments', { cookie: 'aichor-session=of-somebody' })).status).toBe(200);
  expect(sentBefore).toEqual([expect.any(Number)]);
  expect(sentBefore[0]).toBeGreaterThan(PAGE.length);
});

it('a page sends ahead what it looks like, and nothing of the element that browsers wait for before they paint', async () => {
  const assets = await readAssets();
  let answer = () => {};
  const app = new OpenAPIHono<RequestEnv>();
  app.get('/v1/session', async (context) => {
    await new Promise<void>((resolve) => (answer = resolve));
    return context.json({}, 401);
  });
  const pages = createPages({ assets, app, served: () => ({ what: 'console' }) });
  const own = createServer((incoming, outgoing) => void pages.request(incoming, outgoing));
  await once(own.listen(0, '127.0.0.1'), 'listening');
  try {
    const { port } = own.address() as AddressInfo;
    for (const path of ['/experiments', '/experiments/1/logs', '/engines']) {
      const asked = request({ port, path, headers: { cookie: 'aichor-session=of-somebody' } }).end();
      const [response] = await once(asked, 'response');
      const parts: string[] = [];
      for await (const part of response) {
        parts.push(String(part));
        answer();
      }
      const [ahead = '', ...rest] = parts;
      expect(ahead, path).toContain('</style>');
      const [, awaited] = /<link rel="expect" href="#([\w-]+)" blocking="render"/.exec(ahead) ?? [];
      // As soon as it has begun, a browser paints.
      expect(ahead).not.toMatch(/<div|<script type="application/);
      expect(rest.join('')).toMatch(new RegExp(`<div id="page">.*</div>\\s*<[^>]*id="${awaited}"`, 's'));
    }
  } finally {
    await new Promise((resolve) => own.close(resolve));
  }
});
