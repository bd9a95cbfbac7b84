import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';

/** What happens to one request. */
export type Fault =
  | { kind: 'none' }
  /** The control plane does all it is asked for; its answer never arrives. */
  | { kind: 'lose reply' }
  /** The connection breaks, nothing is passed on. */
  | { kind: 'refuse' }
  /**
   * Of the first bytes of the answer's body that share arrives (0 to 1), then the connection breaks, or the answer ends as
   * if it were whole. Not a number of bytes: a packed stream may be silent before it has sent so many.
   */
  | { kind: 'cut' | 'end early'; share: number }
  /** Of the answer's body the first bytes arrive, then nothing any more, over a connection that stays open. */
  | { kind: 'fall silent' }
  /** The answer is held back until this has happened. */
  | { kind: 'hold'; until: () => Promise<void> };

export interface Asked {
  method: string;
  /** With its query. */
  path: string;
  /** How many requests of this method and path (less its query) came before. */
  before: number;
}

export interface Proxy {
  address: string;
  close(): Promise<void>;
}

export const NONE: Fault = { kind: 'none' };

/**
 * Stands between commands and a control plane's socket.
 *
 * @param listen a socket's path, or a port of this machine (0: a free one)
 */
export async function startProxy(
  target: string,
  listen: string | number,
  faultOf: (asked: Asked) => Fault,
): Promise<Proxy> {
  const counts = new Map<string, number>();
  const server = createServer((incoming, outgoing) => {
    const { method = '', url: path = '' } = incoming;
    const key = `${method} ${path.split('?')[0]}`;
    const before = counts.get(key) ?? 0;
    counts.set(key, before + 1);
    const fault = faultOf({ method, path, before });
    if (fault.kind === 'refuse') incoming.socket.destroy();
    else passOn(target, { incoming, outgoing, fault });
  });
  if (typeof listen === 'string') server.listen(listen);
  else server.listen(listen, '127.0.0.1');
  await once(server, 'listening');
  const bound = server.address();
  return {
    address:
      typeof bound === 'object' && bound !== null ? `http://127.0.0.1:${bound.port}` : `unix:${listen}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

interface Passing {
  incoming: IncomingMessage;
  outgoing: ServerResponse;
  fault: Fault;
}

function passOn(target: string, { incoming, outgoing, fault }: Passing): void {
  const { method, url: path, headers } = incoming;
  const upstream = request({ socketPath: target, method, path, headers }, (reply) => {
    answer(reply, outgoing, fault).catch(() => outgoing.destroy());
  });
  upstream.on('error', () => incoming.socket.destroy());
  outgoing.on('close', () => upstream.destroy());
  incoming.pipe(upstream);
}

async function answer(reply: IncomingMessage, outgoing: ServerResponse, fault: Fault): Promise<void> {
  if (fault.kind === 'lose reply') {
    reply.resume();
    await once(reply, 'end');
    outgoing.destroy();
    return;
  }
  if (fault.kind === 'hold') await fault.until();
  const { 'content-length': _length, 'transfer-encoding': _encoding, connection: _connection, ...headers } = reply.headers;
  outgoing.writeHead(reply.statusCode ?? 502, headers);
  for await (const chunk of reply) {
    if (!('share' in fault)) {
      outgoing.write(chunk);
      if (fault.kind === 'fall silent') return;
      continue;
    }
    // What was written must have left before the connection breaks.
    await new Promise((resolve) => outgoing.write(chunk.subarray(0, fault.share * chunk.length), resolve));
    if (fault.kind === 'end early') outgoing.end();
    else outgoing.destroy();
    return;
  }
  outgoing.end();
} // prettier-ignore
