import {
  Agent,
  request,
  type ClientRequest,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type ServerResponse,
} from 'node:http';
import { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { foreignCookies } from './gatekeeper.ts';
import type { LinkRequest } from './link-path.ts';

/** Opens a connection to what a link leads to. */
export type Dial = () => Promise<NodeJS.ReadWriteStream>;

/** Connections that are kept for one link: a page has many parts. */
const MOST_CONNECTIONS = 12;
const IDLE_MS = 30_000;

/** Of one connection only (RFC 9110, 7.6.1). */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Connections to one link, used again for a while. */
export function createLinkAgent(dial: Dial): Agent {
  const idle = new Map<Duplex, NodeJS.Timeout>();
  const agent = new Agent({ keepAlive: true, maxSockets: MOST_CONNECTIONS });
  return Object.assign(agent, {
    createConnection(_: object, done: (error: Error | null, stream?: Duplex) => void) {
      dial().then((stream) => done(null, asDuplex(stream)), done);
    },
    // A stream through the cluster has none of the options of a socket that an agent would set.
    keepSocketAlive(stream: Duplex) {
      idle.set(stream, setTimeout(() => stream.destroy(), IDLE_MS).unref());
      return true;
    },
    reuseSocket(stream: Duplex, next: ClientRequest) {
      clearTimeout(idle.get(stream));
      idle.delete(stream);
      // Node takes off again what it put on a free one, and calls `ref`, which only sockets have.
      if (!('ref' in stream)) Object.assign(stream, { ref: () => stream });
      Agent.prototype.reuseSocket.call(agent, stream, next);
    },
  });
}

function asDuplex(stream: NodeJS.ReadWriteStream): Duplex {
  if (stream instanceof Duplex) return stream;
  throw new TypeError('a connection is a Duplex');
}

/** Hands a request on and its answer back. Rejects when there was no answer, and nothing was sent back yet. */
export async function passRequest(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  { agent, link }: { agent: Agent; link: LinkRequest },
): Promise<void> {
  const upstream = request({
    agent,
    method: incoming.method,
    path: pathBehind(link),
    setHost: false,
    headers: forwarded(incoming, link),
  });
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    upstream.once('response', resolve).once('error', reject);
  });
  // A reader that went away, not one that has all: then the connection is used again.
  outgoing.once('close', () => {
    if (!outgoing.writableFinished) upstream.destroy();
  });
  // A body that breaks off breaks the request, which tells.
  pipeline(incoming, upstream).catch((error: Error) => upstream.destroy(error));
  const answer = await answered;
  upstream.on('error', (error) => outgoing.destroy(error));
  const headers = endToEnd(answer.headers);
  const { location } = answer.headers;
  if (location !== undefined) headers['location'] = locationBefore(location, link);
  outgoing.writeHead(answer.statusCode ?? 502, headers);
  await pipeline(answer, outgoing).catch(() => outgoing.destroy());
}

/** Joins a WebSocket (or any other protocol that was asked for) with the other side's. */
export async function passUpgrade(
  incoming: IncomingMessage,
  client: Duplex,
  { dial, link, head }: { dial: Dial; link: LinkRequest; head: Buffer },
): Promise<void> {
  const upstream = asDuplex(await dial());
  const { connection, upgrade } = incoming.headers;
  const headers = { ...forwarded(incoming, link), connection, upgrade };
  const lines = Object.entries(headers).flatMap(([name, value]) =>
    [value].flat().flatMap((each) => (each === undefined ? [] : [`${name}: ${each}`])),
  );
  upstream.write(`${[`${incoming.method} ${pathBehind(link)} HTTP/1.1`, ...lines].join('\r\n')}\r\n\r\n`);
  if (head.length > 0) upstream.write(head);
  await Promise.all([pipeline(client, upstream), pipeline(upstream, client)]).finally(() => {
    client.destroy();
    upstream.destroy();
  });
}

function endToEnd(headers: IncomingMessage['headers']): OutgoingHttpHeaders {
  const named = new Set((headers.connection ?? '').split(/\s*,\s*/).map((name) => name.toLowerCase()));
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !HOP_BY_HOP.has(name) && !named.has(name)),
  );
}

/** The headers of a request as it is handed on. */
function forwarded({ headers }: IncomingMessage, { prefix }: LinkRequest): OutgoingHttpHeaders {
  const { cookie: _, ...others } = endToEnd(headers);
  const kept = foreignCookies(headers.cookie);
  return { ...others, ...(kept === undefined ? {} : { cookie: kept }), 'x-forwarded-prefix': prefix };
}

/** Jupyter is told where it is served; the others know nothing of it, and refer to themselves by relative addresses. */
function pathBehind({ name, prefix, rest }: LinkRequest): string {
  return name === 'jupyter' ? `${prefix}${rest}` : rest;
}

function locationBefore(location: string, { name, prefix }: LinkRequest): string {
  return name !== 'jupyter' && location.startsWith('/') && !location.startsWith('//')
    ? prefix + location
    : location;
}
