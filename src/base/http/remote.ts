import { Agent as PlainAgent, type Agent, type IncomingMessage } from 'node:http';
import type { LookupFunction } from 'node:net';
import { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { proxyFor } from './proxy.ts';
import { systemErrorCode } from '../../errors.ts';
import { HttpTimeout, send, type HttpCall } from './send.ts';
import { ACCEPTED, unpacked } from './unpack.ts';

/** What a server said to a request. */
export interface HttpAnswer {
  status: number;
  /** By name in small letters. */
  headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Still to be read, or destroyed; unpacked, however it came. */
  body: Readable;
}

export interface RemoteCall extends Omit<HttpCall, 'place' | 'agent' | 'connectMs' | 'isSentOnce'> {
  /** How long the body of the answer may stay silent before it fails (`ETIMEDOUT`), in milliseconds; for ever, unless said. */
  silentMs?: number | undefined;
}

/** A server over a network: its connections are kept and used again, and lead through a proxy where there is one. */
export interface Remote {
  /**
   * Sends one request. Resolves with the head of the answer, whatever its status.
   *
   * @throws HttpTimeout, the signal's reason, a body's own error, or an error with a `code` (`ECONNREFUSED`, `ECONNRESET`, …)
   */
  send(call: RemoteCall): Promise<HttpAnswer>;
}

interface RemoteOptions {
  /** For HTTPS_PROXY, HTTP_PROXY, NO_PROXY. */
  env: Readonly<Record<string, string | undefined>>;
  /** Until there is a connection, in milliseconds. */
  connectMs: number;
  /** Finds addresses of names, where no proxy does. */
  lookup?: LookupFunction;
}

/**
 * Opens nothing yet. Idle connections keep no process alive.
 *
 * @param url where it listens; a path below which everything lies may follow
 */
export async function openRemote(url: string, options: RemoteOptions): Promise<Remote> {
  const proxy = proxyFor(url, options.env);
  return proxy === null ? reachedDirectly(url, options) : reachedByProxy(url, proxy, options);
}

async function reachedDirectly(url: string, { connectMs, lookup }: RemoteOptions): Promise<Remote> {
  const agent = await agentFor(url, { keepAlive: true, ...(lookup && { lookup }) });
  return {
    async send({ silentMs = 0, answerMs = 0, headers, ...call }) {
      const answer = await send({
        ...call,
        place: { url },
        agent,
        connectMs,
        isSentOnce: true,
        headers: { 'accept-encoding': ACCEPTED, ...headers },
        ...(answerMs > 0 && { answerMs }),
      });
      if (silentMs > 0) endWhenSilent(answer, silentMs);
      const body = unpacked(answer, answer.headers['content-encoding']);
      return { status: answer.statusCode ?? 0, headers: answer.headers, body };
    },
  };
}

async function agentFor(url: string, options: { keepAlive: true; lookup?: LookupFunction }): Promise<Agent> {
  if (!url.startsWith('https:')) return new PlainAgent(options);
  return new (await import('node:https')).Agent(options);
}

/** A silence is looked at this often: whoever only now reads what came long ago waits for the rest from now on. */
const LOOKS = 4;

/** Nothing comes, although somebody reads: what came and is not read yet is no silence. */
function endWhenSilent(answer: IncomingMessage, ms: number): void {
  const { socket } = answer;
  const pause = Math.ceil(ms / LOOKS);
  let seen = -1;
  let left = LOOKS;
  const look = () => {
    left = answer.readableLength === 0 && socket.bytesRead === seen ? left - 1 : LOOKS;
    seen = socket.bytesRead;
    if (left > 0) socket.setTimeout(pause);
    else answer.destroy(Object.assign(new Error(`nothing came for ${ms / 1000} s`), { code: 'ETIMEDOUT' }));
  };
  socket.setTimeout(pause);
  socket.on('timeout', look);
  // The connection may be used again, by those who have more patience.
  answer.once('close', () => socket.off('timeout', look).setTimeout(0));
}

async function reachedByProxy(url: string, proxy: string, { connectMs }: RemoteOptions): Promise<Remote> {
  // It takes as long to load as Node itself to start: only commands that go through a proxy wait for it.
  const { ProxyAgent, request } = await import('undici');
  const { origin, pathname, protocol } = new URL(url);
  // Each call says how long it waits: a large upload is looked at for minutes before it is answered.
  const patience = { bodyTimeout: 0, headersTimeout: 0, connect: { timeout: connectMs } };
  const dispatcher = new ProxyAgent({ ...patience, uri: proxy, proxyTunnel: protocol === 'https:' });
  const below = pathname.replace(/\/$/, '');
  return {
    async send({ method, path, headers = {}, body, answerMs = 0, silentMs = 0, signal }) {
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
          bodyTimeout: silentMs,
          dispatcher,
          ...(signal && { signal }),
        });
        const { statusCode: status, headers: said } = answer;
        return { status, headers: said, body: unpacked(answer.body, said['content-encoding']) };
      } catch (error) {
        if (body instanceof Readable) body.destroy();
        if (signal?.aborted) throw signal.reason;
        if (systemErrorCode(error) === 'UND_ERR_HEADERS_TIMEOUT') throw new HttpTimeout('answer', answerMs);
        throw error;
      }
    },
  };
}
