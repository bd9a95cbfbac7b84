import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { EXEC_PROTOCOL } from '../../../api/exec-contract.ts';
import { AichorError } from '../../../errors.ts';
import { requestIdOf, REQUEST_ID } from '../request-id.ts';
import type { Api, TakeSocket } from '../routes/api.ts';
import { pathOf } from './path.ts';
import { endSocket, refuseSocket } from './refuse.ts';

/** Largest message of a client: its first one says what to run. */
const LARGEST_MESSAGE = 2 * 1024 * 1024;

/** Whether it asks for a WebSocket (RFC 6455, 4.1). Node gives every request that names another protocol to who listens to `upgrade`. */
export function asksWebSocket({ method, headers }: IncomingMessage): boolean {
  return method === 'GET' && headers.upgrade?.trim().toLowerCase() === 'websocket';
}

/** Nothing of such a request is done: it was to be spoken on in another protocol, and what it brings cannot be read any more. */
export function refuseProtocol({ headers }: IncomingMessage, socket: Duplex): void {
  const refused = new AichorError(
    'usage',
    'this server speaks HTTP/1.1, and upgrades nothing but a GET to a WebSocket',
    {
      hint: 'ask without the header Upgrade (curl --http1.1)',
    },
  );
  refuseSocket(socket, refused, { id: requestIdOf(headers[REQUEST_ID]) });
}

/**
 * Answers a request for a WebSocket: it goes the way of every other request, keys, rights and all. When its route takes the connection, it
 * becomes one; else what the route says against it is the answer.
 */
export async function answerUpgrade(
  app: Api,
  incoming: IncomingMessage,
  { socket, head }: { socket: Duplex; head: Buffer },
): Promise<void> {
  const id = requestIdOf(incoming.headers[REQUEST_ID]);
  const path = pathOf(incoming.url ?? '/');
  if (path === null) return refuseSocket(socket, noAddress(), { id });
  let take: TakeSocket | null = null;
  const upgrade = (taking: TakeSocket) => void (take = taking);
  const gone = new AbortController();
  socket.once('close', () => gone.abort());
  const response = await app.fetch(requestOf(incoming, { path, id, signal: gone.signal }), {
    incoming,
    upgrade,
  });
  const { WebSocketServer } = await import('ws');
  const accept: TakeSocket | null = take;
  if (!response.ok && !socket.destroyed) return answer(socket, response);
  if (accept === null || socket.destroyed) {
    // It may be one that never ends.
    await response.body?.cancel();
    gone.abort();
    return refuseSocket(socket, noSocket(path), { id });
  }
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: LARGEST_MESSAGE,
    handleProtocols: (asked) => (asked.has(EXEC_PROTOCOL) ? EXEC_PROTOCOL : false),
  });
  server.on('wsClientError', () => socket.destroy());
  server.handleUpgrade(incoming, socket, head, accept);
}

function noAddress(): AichorError {
  return new AichorError('usage', 'the address of the request is no path of this server', { hint: null });
}

function noSocket(path: string): AichorError {
  return new AichorError('usage', `${path} is no WebSocket`, { hint: 'ask without the header Upgrade' });
}

/** Without what only concerns this connection. */
function requestOf(
  { url = '/', headers }: IncomingMessage,
  { path, id, signal }: { path: string; id: string; signal: AbortSignal },
): Request {
  const { connection: _c, upgrade: _u, 'transfer-encoding': _t, 'content-length': _l, ...others } = headers;
  const kept = Object.entries(others).filter(([name]) => !name.startsWith('sec-websocket-'));
  const sent = new Headers(kept.map(([name, value]): [string, string] => [name, String(value)]));
  sent.set(REQUEST_ID, id);
  return new Request(`http://aichor${path}${/^[^?#]*(\?[^#]*)/.exec(url)?.[1] ?? ''}`, {
    headers: sent,
    signal,
  });
}

async function answer(socket: Duplex, response: Response): Promise<void> {
  const { status, headers } = response;
  const lines = [...headers].filter(([name]) => name !== 'content-length');
  const body = Buffer.from(await response.arrayBuffer());
  endSocket(socket, { status, headers: lines.map(([name, value]) => `${name}: ${value}`), body });
}
