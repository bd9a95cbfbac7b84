import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable, type Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { pageAt } from '../../api/console/first-asked.ts';
import type { DrawPicture } from '../../api/console/picture-contract.ts';
import { encodingFor, packed } from '../http/compress.ts';
import type { Api } from '../http/routes/api.ts';
import { addressOf, pathOf } from '../http/wire/path.ts';
import { endSocket } from '../http/wire/refuse.ts';
import type { Asset, Assets } from './assets.ts';
import { firstAnswers, firstElement, type FirstAnswers } from './first-answers.ts';
import { headersOf, SAFE_HEADERS } from './headers.ts';

/** Answers requests of browsers. False: it is for somebody else (the contract, hooks, links). */
export interface PageHandler {
  request(incoming: IncomingMessage, outgoing: ServerResponse): boolean;
  upgrade(incoming: IncomingMessage, socket: Duplex): boolean;
}

/** What is served under a name that a request came by. */
export type Served =
  | { what: 'console' }
  /** Not the console, but all the rest. */
  | { what: 'others' }
  /** Pages stand elsewhere; all the rest is here. */
  | { what: 'elsewhere'; address: string }
  /** Nothing: the name was made to lead here by somebody else, or leads to nothing yet. */
  | { what: 'nothing'; why: string };

interface PagesOptions {
  assets: Assets;
  /** Answers what pages ask first. */
  app: Api;
  /** Draws what they show first; null, or none: they draw it themselves. */
  draw?: DrawPicture | null;
  /** @param host as the request names it, with its port */
  served(host: string, path: string): Served;
}

/** Names of files carry a sum of their content: what has one never changes. */
const FOREVER = 'public, max-age=31536000, immutable';

/** Below these, others answer. */
const OTHERS = /^\/(?:v1|links|hooks|healthz|readyz|metrics)(?:\/|$)/;

export function createPages({ assets, app, draw = null, served }: PagesOptions): PageHandler {
  const isBuilt = assets.has('index.html');
  const headersOfFile = headersOf(assets);
  return {
    request(incoming, outgoing) {
      const address = addressOf(incoming.url ?? '/');
      if (address === null)
        return said(outgoing, 400, 'the address of the request is no path of this server');
      const { pathname } = address;
      const name = served((incoming.headers.host ?? '').toLowerCase(), pathname);
      if (name.what === 'nothing') return said(outgoing, 421, name.why);
      if (name.what === 'others' || OTHERS.test(pathname)) return false;
      if (incoming.method !== 'GET' && incoming.method !== 'HEAD')
        return said(outgoing, 405, 'pages are only read');
      if (name.what === 'elsewhere') return moved(outgoing, `${name.address}${pathname}`);
      if (!isBuilt) return said(outgoing, 404, 'this package was built without its console');
      const asset = assetAt(assets, pathname);
      if (asset === undefined) return said(outgoing, 404, 'there is no such file');
      const isPage = !pathname.startsWith(ASSETS);
      const first = isPage && incoming.method === 'GET' ? firstAnswers(app, incoming, address) : null;
      const drawn = (answers: FirstAnswers) =>
        draw?.({ address: `${pathname}${address.search}`, answers, now: Date.now() }) ?? '';
      const reply = { incoming, outgoing, headers: headersOfFile(asset) };
      if (first === null) send(reply, asset, isPage ? 'no-cache' : FOREVER);
      // Whoever goes away meanwhile has no need of it.
      else sendWith(reply, asset, { ask: first, drawn }).catch(() => outgoing.destroy());
      return true;
    },
    upgrade(incoming, socket) {
      const pathname = pathOf(incoming.url ?? '/');
      const host = (incoming.headers.host ?? '').toLowerCase();
      if (pathname !== null && served(host, pathname).what !== 'nothing') return false;
      endSocket(socket, { status: pathname === null ? 400 : 421 });
      return true;
    },
  };
}

const ASSETS = '/assets/';

/** Every other address is one of the page, which knows what stands there. */
function assetAt(assets: Assets, path: string): Asset | undefined {
  if (path.startsWith(ASSETS)) return assets.get(path.slice(ASSETS.length));
  return assets.get(`${pageAt(path).name}.html`) ?? assets.get('index.html');
}

/**
 * Up to here a page's beginning goes ahead. A browser paints nothing before it has the element for which the page says that it waits, of
 * which nothing may have been sent by then: as soon as it has begun it counts as there.
 */
const AHEAD = '<div id="page">';
/** Where the page takes up what it shows first, and what it would ask first. */
const SHOWN = '<!-- what it shows first -->';
const ASKED = '<!-- what it would ask first -->';

interface Reply {
  incoming: IncomingMessage;
  outgoing: ServerResponse;
  headers: Readonly<Record<string, string>>;
}

/** The page with what it would ask first, of one person and one moment: its beginning at once, as the browser loads by it what it names. */
async function sendWith(
  { incoming, outgoing, headers }: Reply,
  { type, bodies }: Asset,
  { ask, drawn }: { ask: () => Promise<FirstAnswers>; drawn(answers: FirstAnswers): string },
): Promise<void> {
  const html = inTheme(String(bodies.get('')), incoming.headers.cookie);
  const [before = '', rest = ''] = html.split(AHEAD);
  const [between = '', after = ''] = rest.replace(SHOWN, '').split(ASKED);
  const encoding = encodingFor(String(incoming.headers['accept-encoding'] ?? ''));
  outgoing.writeHead(200, {
    ...headers,
    'content-type': type,
    'cache-control': 'no-store',
    vary: 'accept-encoding, cookie',
    ...(encoding !== null && { 'content-encoding': encoding.name }),
  });
  async function* parts(): AsyncGenerator<Uint8Array> {
    yield Buffer.from(before);
    // What is asked takes the processor: the beginning is on its way before.
    await new Promise((resolve) => setImmediate(resolve));
    const answers = await ask();
    yield Buffer.from(`${AHEAD}${drawn(answers)}${between}${firstElement(answers)}${after}`);
  }
  await pipeline(Readable.from(encoding === null ? parts() : packed(parts(), encoding)), outgoing);
}

/** In the colours that were chosen in this browser, before any script of the page says so. */
function inTheme(html: string, cookie = ''): string {
  const [, theme] = /(?:^|;\s*)aichor-theme=(light|dark)(?:;|$)/.exec(cookie) ?? [];
  return theme === undefined ? html : html.replace('<html', `<html data-theme="${theme}"`);
}

function send({ incoming, outgoing, headers }: Reply, { type, bodies }: Asset, caching: string): void {
  const accepted = String(incoming.headers['accept-encoding'] ?? '');
  const encoding = ['br', 'gzip'].find(
    (each) => bodies.has(each) && new RegExp(`\\b${each}\\b(?!\\s*;\\s*q=0(?:\\.0*)?\\b)`).test(accepted),
  );
  const body = bodies.get(encoding ?? '') ?? Buffer.alloc(0);
  outgoing.writeHead(200, {
    ...headers,
    'content-type': type,
    'content-length': body.length,
    'cache-control': caching,
    vary: 'accept-encoding',
    ...(encoding !== undefined && { 'content-encoding': encoding }),
  });
  outgoing.end(incoming.method === 'HEAD' ? undefined : body);
}

function said(outgoing: ServerResponse, status: number, words: string): true {
  outgoing.writeHead(status, {
    ...SAFE_HEADERS,
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    'content-type': 'text/plain; charset=utf-8',
    'cache-control': 'no-store',
  });
  outgoing.end(`${words}\n`);
  return true;
}

function moved(outgoing: ServerResponse, location: string): true {
  outgoing.writeHead(307, { ...SAFE_HEADERS, location, 'cache-control': 'no-store' }).end();
  return true;
}
