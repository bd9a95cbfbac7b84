import { chmod, rm } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { createServer, maxHeaderSize, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { getRequestListener } from '@hono/node-server';
import { AichorError, systemErrorCode } from '../../errors.ts';
import { isEveryAddress, outerAddress } from '../../base/http/outer-address.ts';
import type { LinkHandler } from '../links/handler.ts';
import { errorResponse } from '../http/error-response.ts';
import type { Api } from '../http/routes/api.ts';

/** One socket that answers. */
export interface Listener {
  /** How it is reached: for a port on all addresses of the machine, one of them. */
  address: string;
  /** Requests that are being answered now; a stream counts as long as it lasts. */
  active(): number;
  /** Takes no more, and returns when the last answer is out; those that take longer than this are cut off. */
  close(graceMs: number): Promise<void>;
}

interface ListenOptions {
  app: Api;
  /** Links to what runs in clusters, beside the HTTP contract. */
  links?: LinkHandler;
  /** Called with each request's beginning and end. */
  onRequest(): void;
}

/** Listens on a unix socket that only this user can open. A stale one is removed: the caller holds the lock. */
export async function listenOnSocket(path: string, options: ListenOptions): Promise<Listener> {
  await clear(path);
  const { server, active } = answering(options);
  // The socket is made while `listen` is called: it never exists with other permissions.
  const umask = process.umask(0o177);
  try {
    server.listen(path);
  } finally {
    process.umask(umask);
  }
  await listening(server, path);
  await chmod(path, 0o600);
  return { address: `unix:${path}`, active, close: (graceMs) => closeServer(server, graceMs) };
}

async function clear(path: string): Promise<void> {
  try {
    await rm(path, { force: true });
  } catch (cause) {
    const code = systemErrorCode(cause);
    if (code === undefined) throw cause;
    throw new AichorError(
      'conflict',
      `${path}, where the control plane listens, cannot be removed (${code})`,
      {
        hint: 'remove it, and run the command again',
        cause,
      },
    );
  }
}

export async function listenOnPort(
  place: { host: string; port: number },
  options: ListenOptions,
): Promise<Listener> {
  const { server, active } = answering(options);
  const { host, port } = place;
  server.listen(port, host);
  await listening(server, `${host}:${port}`);
  const bound = server.address();
  const actual = typeof bound === 'object' && bound !== null ? bound.port : port;
  const reached = isEveryAddress(host) ? outerAddress() : host;
  return {
    address: urlOf({ host: reached, port: actual }),
    active,
    close: (graceMs) => closeServer(server, graceMs),
  };
}

function urlOf({ host, port }: { host: string; port: number }): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function answering({ app, links, onRequest }: ListenOptions) {
  let active = 0;
  const answer = getRequestListener(app.fetch);
  const server = createServer((incoming, outgoing) => {
    active++;
    onRequest();
    outgoing.once('close', () => {
      active--;
      onRequest();
    });
    if (links?.request(incoming, outgoing) !== true) void answer(incoming, outgoing);
  });
  if (links !== undefined)
    server.on('upgrade', (incoming, socket, head) => {
      if (!links.upgrade(incoming, socket, head)) socket.destroy();
    });
  server.on('clientError', refuseUnreadable);
  // Uploads and followed logs take as long as they take.
  server.requestTimeout = 0;
  return { server, active: () => active };
}

/** What never became a request: nobody but us can answer it, and it gets an error object as every other mistake does. */
function refuseUnreadable(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const isLong = error.code === 'HPE_HEADER_OVERFLOW';
  const refused = isLong
    ? new AichorError('too_large', `the headers of the request are longer than ${maxHeaderSize} bytes`, {
        hint: 'ask for less at once: fewer labels, statuses or ids',
      })
    : new AichorError('usage', 'the request is not HTTP that can be understood', { hint: null });
  const { body } = errorResponse(refused, randomUUID());
  const text = JSON.stringify(body);
  const head = [
    `HTTP/1.1 ${isLong ? '431 Request Header Fields Too Large' : '400 Bad Request'}`,
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(text)}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${text}`);
}

async function listening(server: Server, place: string): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => server.once('listening', resolve).once('error', reject));
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === undefined) throw error;
    const why = code === 'EADDRINUSE' ? 'is in use' : `cannot be listened on (${code})`;
    throw new AichorError('conflict', `${place} ${why}`, {
      hint: 'choose another with --host and --port',
      cause: error,
    });
  }
}

export async function closeServer(server: Server, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const cut = setTimeout(() => server.closeAllConnections(), graceMs);
  await closed;
  clearTimeout(cut);
}
