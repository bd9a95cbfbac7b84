import { chmod, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { getRequestListener } from '@hono/node-server';
import { AichorError, systemErrorCode } from '../../errors.ts';
import { isEveryAddress, outerAddress } from '../../base/http/outer-address.ts';
import { listenOnKeptPort, LOOPBACK_HOST } from '../../base/http/kept-port.ts';
import type { PageHandler } from '../console/pages.ts';
import type { LinkHandler } from '../links/handler.ts';
import { REQUEST_ID, requestIdOf } from '../http/request-id.ts';
import type { Api } from '../http/routes/api.ts';
import { refuseBroken, refuseSocket, refuseUnreadable } from '../http/wire/refuse.ts';
import { answerUpgrade, asksWebSocket, refuseProtocol } from '../http/wire/upgrade.ts';
import type { Log } from '../ports.ts';

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
  /** Answers what hosts of Git send; false: it is nothing of theirs. */
  hooks?: (incoming: IncomingMessage, outgoing: ServerResponse) => boolean;
  /** Answers what browsers ask beside the HTTP contract, and what is asked under a name that is not served; false: neither. */
  pages?: PageHandler;
  log: Pick<Log, 'error'>;
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

/** A port of this machine only, the same as the time before where that is free. */
export async function listenOnOwnPort(
  portFile: string,
  options: ListenOptions,
): Promise<Listener & { port: number }> {
  const { server, active } = answering(options);
  const port = await listenOnKeptPort(server, portFile);
  return {
    port,
    address: urlOf({ host: LOOPBACK_HOST, port }),
    active,
    close: (graceMs) => closeServer(server, graceMs),
  };
}

function urlOf({ host, port }: { host: string; port: number }): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function answering({ app, links, hooks, pages, log, onRequest }: ListenOptions) {
  let active = 0;
  const answer = getRequestListener(app.fetch);
  function begin(stream: ServerResponse | Duplex): void {
    active++;
    onRequest();
    stream.once('close', () => {
      active--;
      onRequest();
    });
  }
  const server = createServer((incoming, outgoing) => {
    begin(outgoing);
    const id = requestIdOf(incoming.headers[REQUEST_ID]);
    outgoing.setHeader(REQUEST_ID, id);
    const broke = (error: unknown) => {
      log.error({ err: error, request_id: id }, 'a request broke');
      refuseBroken(outgoing, error, id);
    };
    // Nothing that somebody sends may end the process, whatever of ours it breaks.
    try {
      if (pages?.request(incoming, outgoing) === true) return;
      if (hooks?.(incoming, outgoing) === true) return;
      if (links?.request(incoming, outgoing) !== true) answer(incoming, outgoing).catch(broke);
    } catch (error) {
      broke(error);
    }
  });
  server.on('upgrade', (incoming, socket, head) => {
    begin(socket);
    // Node has taken its own listener off: a client that goes would end the process.
    socket.on('error', () => socket.destroy());
    const broke = (error: unknown) => {
      const id = requestIdOf(incoming.headers[REQUEST_ID]);
      log.error({ err: error, request_id: id }, 'a request to upgrade broke');
      refuseSocket(socket, error, { id });
    };
    try {
      if (!asksWebSocket(incoming)) return refuseProtocol(incoming, socket);
      if (pages?.upgrade(incoming, socket) === true) return;
      if (links?.upgrade(incoming, socket, head) === true) return;
      answerUpgrade(app, incoming, { socket, head }).catch(broke);
    } catch (error) {
      broke(error);
    }
  });
  server.on('clientError', refuseUnreadable);
  // Uploads and followed logs take as long as they take.
  server.requestTimeout = 0;
  return { server, active: () => active };
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

/** How often it is looked for connections that have become idle while the server closes. */
const IDLE_EVERY_MS = 50;

export async function closeServer(server: Server, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  const cut = setTimeout(() => server.closeAllConnections(), graceMs);
  // Also those that become idle meanwhile: clients keep them open for the next request, which will not be answered.
  server.closeIdleConnections();
  const idle = setInterval(() => server.closeIdleConnections(), IDLE_EVERY_MS);
  await closed;
  clearTimeout(cut);
  clearInterval(idle);
}
