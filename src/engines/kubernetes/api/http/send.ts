import { request as plainRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { request as tlsRequest } from 'node:https';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { systemErrorCode } from '../../../../errors.ts';
import { noAnswer, timedOut, withoutCredentials } from '../cluster-failure.ts';
import type { Connection, Credentials } from '../access/connection.ts';

/** One HTTP request; `path` begins with a slash and has its query. */
export interface Call {
  method: string;
  path: string;
  headers?: Record<string, string>;
  body?: string | Readable | undefined;
  /** Until the head of the answer is there, in milliseconds; null: as long as it takes, once there is a connection. */
  answerMs: number | null;
  signal?: AbortSignal | undefined;
}

/** Until there is a connection. */
export const CONNECT_MS = 10_000;
/** So soon a connection is found to be dead that nobody ended: probes begin after this time of silence. */
const PROBE_AFTER_MS = 15_000;

/**
 * Sends a request with this connection's credentials, once more with new ones after a 401, and once more when the
 * server had just ended the idle connection that was to be used. Any other status is an answer.
 *
 * @throws ClusterError (status 0; 401 where there are no credentials), or the signal's reason
 */
export async function send(connection: Connection, call: Call): Promise<IncomingMessage> {
  const repeatable = !(call.body instanceof Readable);
  const given = await credentials(connection.credentials());
  const answer = await sendTwice(connection, call, given);
  if (answer.statusCode !== 401 || !repeatable) return answer;
  answer.resume();
  return sendTwice(connection, call, await credentials(connection.renewed(given)));
}

/** @throws ClusterError 401 `NoCredentials` */
export async function credentials(asked: Promise<Credentials>): Promise<Credentials> {
  try {
    return await asked;
  } catch (error) {
    throw error instanceof Error ? withoutCredentials(error) : error;
  }
}

async function sendTwice(connection: Connection, call: Call, given: Credentials): Promise<IncomingMessage> {
  try {
    return await sendOnce(connection.server, call, given);
  } catch (error) {
    if (!(error instanceof StaleSocket) || call.body instanceof Readable) throw reasonOf(error);
  }
  try {
    return await sendOnce(connection.server, call, given);
  } catch (error) {
    throw reasonOf(error);
  }
}

/** The server ended the connection while it was idle. */
class StaleSocket extends Error {}

function reasonOf(error: unknown): unknown {
  return error instanceof StaleSocket ? error.cause : error;
}

function sendOnce(server: string, call: Call, { headers, agent }: Credentials): Promise<IncomingMessage> {
  const { method, path, body, answerMs, signal } = call;
  signal?.throwIfAborted();
  const url = new URL(server + path);
  const length = typeof body === 'string' ? { 'content-length': String(Buffer.byteLength(body)) } : {};
  return new Promise((resolve, reject) => {
    const sent = (url.protocol === 'http:' ? plainRequest : tlsRequest)(url, {
      method,
      agent,
      signal,
      headers: { accept: 'application/json', 'user-agent': 'aichor', ...call.headers, ...length, ...headers },
    });
    const stopClock = startClock(sent, server, answerMs);
    sent.once('response', (answer) => {
      stopClock();
      resolve(answer);
    });
    sent.once('error', (error) => {
      stopClock();
      const failed = signal?.aborted === true ? signal.reason : noAnswer(server, error);
      const stale = sent.reusedSocket && systemErrorCode(error) === 'ECONNRESET' && signal?.aborted !== true;
      reject(stale ? new StaleSocket('', { cause: failed }) : failed);
    });
    if (body instanceof Readable) {
      body.once('error', (error) => sent.destroy(error));
      body.pipe(sent);
    } else sent.end(body);
  });
}

/** Ends a request that gets no connection, or no answer, in time. Returns what stops it. */
function startClock(sent: ClientRequest, server: string, answerMs: number | null): () => void {
  const say = (what: string, ms: number) => () => sent.destroy(timedOut(server, what, ms));
  const connecting = say(answerMs === null ? 'took no connection' : 'did not answer', answerMs ?? CONNECT_MS);
  const timer = setTimeout(connecting, answerMs ?? CONNECT_MS);
  sent.once('socket', (socket) => {
    socket.setKeepAlive(true, PROBE_AFTER_MS);
    if (answerMs === null) whenConnected(socket, () => clearTimeout(timer));
  });
  return () => clearTimeout(timer);
}

function whenConnected(socket: Socket, tell: () => void): void {
  // Not in the types; false when there is no handshake to come.
  if ('secureConnecting' in socket && socket.secureConnecting === true) socket.once('secureConnect', tell);
  else if (socket.connecting) socket.once('connect', tell);
  else tell();
}
