import { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { proxyFor } from './proxy.ts';
import type { HttpCall } from './send.ts';
import { ACCEPTED, unpacked } from './unpack.ts';

/** What a server said to a request. */
export interface HttpAnswer {
  status: number;
  /** By name in small letters. */
  headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Still to be read, or destroyed; unpacked, however it came. */
  body: Readable;
}

/** A server over a network: its connections are kept and used again, and lead through a proxy where there is one. */
export interface Remote {
  /**
   * Sends one request. Resolves with the head of the answer, whatever its status. A stream may stay silent for ever.
   *
   * @throws the signal's reason, a body's own error, or an error with a `code` (`ECONNREFUSED`, `UND_ERR_SOCKET`, …)
   */
  send(call: Omit<HttpCall, 'place' | 'agent' | 'connectMs'>): Promise<HttpAnswer>;
}

interface RemoteOptions {
  /** For HTTPS_PROXY, HTTP_PROXY, NO_PROXY. */
  env: Readonly<Record<string, string | undefined>>;
  /** Until there is a connection, in milliseconds. */
  connectMs: number;
}

/**
 * Opens nothing yet. Idle connections keep no process alive.
 *
 * @param url where it listens; a path below which everything lies may follow
 */
export async function openRemote(url: string, { env, connectMs }: RemoteOptions): Promise<Remote> {
  // It takes as long to load as Node itself to start: only commands that go over a network wait for it.
  const { Agent, ProxyAgent, request } = await import('undici');
  const { origin, pathname, protocol } = new URL(url);
  const proxy = proxyFor(url, env);
  // Logs may be silent for hours, and a large upload is looked at for minutes before it is answered.
  const patience = { bodyTimeout: 0, headersTimeout: 0, connect: { timeout: connectMs } };
  const dispatcher: Dispatcher =
    proxy === null
      ? new Agent(patience)
      : new ProxyAgent({ ...patience, uri: proxy, proxyTunnel: protocol === 'https:' });
  const below = pathname.replace(/\/$/, '');
  return {
    async send({ method, path, headers = {}, body, answerMs = 0, signal }) {
      signal?.throwIfAborted();
      try {
        const answer = await request(`${origin}${below}${path}`, {
          method: method as Dispatcher.HttpMethod,
          headers: {
            'accept-encoding': ACCEPTED,
            ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])),
          },
          body: body ?? null,
          headersTimeout: answerMs,
          dispatcher,
          ...(signal && { signal }),
        });
        const { statusCode: status, headers: said } = answer;
        return { status, headers: said, body: unpacked(answer.body, said['content-encoding']) };
      } catch (error) {
        if (body instanceof Readable) body.destroy();
        throw signal?.aborted ? signal.reason : error;
      }
    },
  };
}
