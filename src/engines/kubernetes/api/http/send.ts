import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { HttpTimeout, send as sendHttp } from '../../../../base/http/send.ts';
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

/**
 * Sends a request with this connection's credentials, and once more with new ones after a 401. Any other status is an
 * answer.
 *
 * @throws ClusterError (status 0; 401 where there are no credentials), or the signal's reason
 */
export async function send(connection: Connection, call: Call): Promise<IncomingMessage> {
  const repeatable = !(call.body instanceof Readable);
  const given = await credentials(connection.credentials());
  const answer = await sendWith(connection, call, given);
  if (answer.statusCode !== 401 || !repeatable) return answer;
  answer.resume();
  return sendWith(connection, call, await credentials(connection.renewed(given)));
}

/** @throws ClusterError 401 `NoCredentials` */
export async function credentials(asked: Promise<Credentials>): Promise<Credentials> {
  try {
    return await asked;
  } catch (error) {
    throw error instanceof Error ? withoutCredentials(error) : error;
  }
}

async function sendWith({ server }: Connection, call: Call, given: Credentials): Promise<IncomingMessage> {
  const { method, path, body, answerMs, signal } = call;
  const headers = {
    accept: 'application/json',
    'user-agent': 'aichor',
    ...call.headers,
    ...given.headers,
  };
  const patience = answerMs === null ? { connectMs: CONNECT_MS } : { answerMs };
  try {
    const to = { place: { url: server }, method, path, headers, body, agent: given.agent, signal };
    return await sendHttp({ ...to, ...patience });
  } catch (error) {
    if (signal?.aborted === true) throw signal.reason;
    if (!(error instanceof HttpTimeout)) throw noAnswer(server, error);
    const what = error.waitedFor === 'connection' ? 'took no connection' : 'did not answer';
    throw timedOut(server, what, error.ms);
  }
}
