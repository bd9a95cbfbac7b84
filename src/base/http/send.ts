import { request as plainRequest, type Agent, type ClientRequest, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { systemErrorCode } from '../../errors.ts';

/** Where a server listens: a unix socket, or an http address (a path below which everything lies may follow its port). */
export type HttpPlace = { socketPath: string } | { url: string };

export interface HttpCall {
  place: HttpPlace;
  method: string;
  /** With its leading slash and its query. */
  path: string;
  headers?: Record<string, string | number>;
  /** A stream is read to its end; if it fails, the request breaks off with its error. */
  body?: string | Uint8Array | Readable | undefined;
  /** Holds certificates, a proxy, connections to be used again; false: one connection, for this call. */
  agent?: Agent | false;
  /** Until there is a connection, in milliseconds; as long as it takes, unless said. */
  connectMs?: number;
  /** Until the head of the answer is there, in milliseconds; as long as it takes, unless said. */
  answerMs?: number;
  signal?: AbortSignal | undefined;
  /** Never sent again: whether it may have done what it asks for, who sends it has to say. */
  isSentOnce?: boolean;
}

/** It took too long until there was a connection, or an answer. */
export class HttpTimeout extends Error {
  override readonly name = 'HttpTimeout';
  readonly waitedFor: 'connection' | 'answer';
  readonly ms: number;

  constructor(waitedFor: 'connection' | 'answer', ms: number) {
    super(`no ${waitedFor} within ${ms / 1000} s`);
    this.waitedFor = waitedFor;
    this.ms = ms;
  }
}

/** A connection whose other end is gone without a word is found out this long after the last byte. */
const PROBE_AFTER_MS = 15_000;

/**
 * Sends one request. Resolves with the head of the answer, whatever its status; the body is still to be read. A server
 * may end a connection that is kept open just when it is to be used: then the request is sent again, once, unless it must not be.
 *
 * @throws HttpTimeout, the signal's reason, a body's own error, or the system's error
 */
export async function send(call: HttpCall): Promise<IncomingMessage> {
  const request = await requestFor(call.place);
  try {
    return await sendOnce(request, call);
  } catch (error) {
    if (!(error instanceof StaleConnection)) throw error;
    if (call.isSentOnce === true || call.body instanceof Readable) throw error.cause;
  }
  try {
    return await sendOnce(request, call);
  } catch (error) {
    throw error instanceof StaleConnection ? error.cause : error;
  }
}

/** The whole body as text (UTF-8). */
export async function readText(body: AsyncIterable<Uint8Array>): Promise<string> {
  return (await readBytes(body)).toString('utf8');
}

export async function readBytes(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** The server ended the connection while it was idle; `cause`: what was seen of that. */
class StaleConnection extends Error {}

/** What TLS needs is loaded for addresses that have it. */
async function requestFor(place: HttpPlace): Promise<typeof plainRequest> {
  if ('url' in place && place.url.startsWith('https:')) return (await import('node:https')).request;
  return plainRequest;
}

function sendOnce(request: typeof plainRequest, call: HttpCall): Promise<IncomingMessage> {
  const { method, body, headers = {}, agent = false, signal } = call;
  signal?.throwIfAborted();
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  const length = bytes instanceof Uint8Array ? { 'content-length': bytes.length } : {};
  return new Promise((resolve, reject) => {
    const options = {
      ...targetOf(call),
      // Node would make a name for TLS of the host, without TLS too, and compile a long pattern to tell it from an address.
      ...(request === plainRequest && { servername: '' }),
      method,
      agent,
      headers: { ...headers, ...length },
    };
    const sent = request(signal ? { ...options, signal } : options);
    const stopClocks = startClocks(sent, call);
    sent.once('response', (answer) => {
      stopClocks();
      resolve(answer);
    });
    sent.on('error', (error) => {
      stopClocks();
      if (signal?.aborted) return reject(signal.reason);
      const isStale = sent.reusedSocket && systemErrorCode(error) === 'ECONNRESET';
      reject(isStale ? new StaleConnection('', { cause: error }) : error);
    });
    if (bytes instanceof Readable) sendStream(sent, bytes, reject);
    else sent.end(bytes);
  });
}

function targetOf({ place, path }: HttpCall) {
  if ('socketPath' in place) return { socketPath: place.socketPath, path };
  const { protocol, hostname, port, pathname } = new URL(place.url);
  return {
    protocol,
    hostname: hostname.replace(/^\[|\]$/g, ''),
    ...(port !== '' && { port }),
    path: `${pathname.replace(/\/$/, '')}${path}`,
  };
}

/** A stream that fails breaks the request off, and its own error is the one that is told. */
function sendStream(sent: ClientRequest, stream: Readable, reject: (error: unknown) => void): void {
  stream.once('error', (error) => {
    reject(error);
    sent.destroy();
  });
  sent.once('close', () => stream.destroy());
  stream.pipe(sent);
}

/** Ends a request that gets no connection, or no answer, in time. Returns what stops the clocks. */
function startClocks(sent: ClientRequest, { connectMs, answerMs }: HttpCall): () => void {
  const clock = (waitedFor: HttpTimeout['waitedFor'], ms: number | undefined) =>
    ms === undefined ? undefined : setTimeout(() => sent.destroy(new HttpTimeout(waitedFor, ms)), ms);
  const connecting = clock('connection', connectMs);
  const answering = clock('answer', answerMs);
  sent.once('socket', (socket) => {
    // One that is used again has been told already.
    if (!sent.reusedSocket) socket.setKeepAlive(true, PROBE_AFTER_MS);
    whenConnected(socket, () => clearTimeout(connecting));
  });
  return () => {
    clearTimeout(connecting);
    clearTimeout(answering);
  };
}

function whenConnected(socket: Socket, tell: () => void): void {
  // Not in the types; false when there is no handshake to come.
  if ('secureConnecting' in socket && socket.secureConnecting === true) socket.once('secureConnect', tell);
  else if (socket.connecting) socket.once('connect', tell);
  else tell();
}
