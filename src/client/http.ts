import type { Readable } from 'node:stream';
import { searchOf, type Query } from '../base/http/query.ts';
import type { HttpAnswer, Remote } from '../base/http/remote.ts';
import { readBytes, readText, send as sendHere } from '../base/http/send.ts';
import { AichorError, isAichorError, systemErrorCode } from '../errors.ts';
import type { Address } from './address.ts';
import { errorOfBody } from './error-of-body.ts';
import { unlessSilent } from './silence.ts';

export interface Target {
  address: Address;
  apiKey: string | null;
}

export interface HttpRequest {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Below `/v1`, with its leading slash; segments already encoded. */
  path: string;
  query?: Query | undefined;
  /** Sent as JSON. */
  json?: unknown;
  /** Sent as it is; a stream is ended or destroyed by this call, so that only one that can be opened again can be sent again. */
  body?: { content: Readable | Uint8Array | (() => Readable); type: string; encoding?: string };
  /** How long a server over a network may be silent, before its answer and within it; for ever, unless said. */
  silentMs?: number | undefined;
  signal?: AbortSignal | undefined;
}

/** Until there is a connection to a server over a network. */
const CONNECT_MS = 10_000;

/** Servers over a network that this process has spoken to, by address. */
const remotes = new Map<string, Promise<Remote>>();

/**
 * One request. Resolves with the body of a success, not read yet.
 * Throws AichorError: what the body says of a failure, `server_unreachable` when there is no answer (its `cause`
 * is the system's error), the signal's reason when it was aborted.
 */
export async function send(target: Target, request: HttpRequest): Promise<Readable> {
  return (await succeeded(target, request)).body;
}

async function succeeded(target: Target, request: HttpRequest): Promise<HttpAnswer> {
  try {
    const answer = await exchange(target, request);
    if (answer.status >= 200 && answer.status < 300) return answer;
    throw errorOfBody(answer.status, await readText(answer.body));
  } catch (error) {
    if (request.signal?.aborted) throw request.signal.reason;
    throw isAichorError(error) ? error : unreachable(target.address, error);
  }
}

/** `send`, and the body as JSON. The shape is the contract's; it is not checked again here. */
export async function sendForJson<T>(target: Target, request: HttpRequest): Promise<T> {
  const body = await send(target, request);
  try {
    return JSON.parse(await readText(body)) as T;
  } catch (error) {
    if (request.signal?.aborted) throw request.signal.reason;
    if (error instanceof SyntaxError) throw unusable(target.address, error);
    throw isAichorError(error) ? error : unreachable(target.address, error);
  }
}

/** The same where the JSON is only handed on: its bytes. */
export async function sendForBytes(target: Target, request: HttpRequest): Promise<Buffer> {
  const { headers, body } = await succeeded(target, request);
  try {
    const bytes = await readBytes(body);
    if (String(headers['content-type']).startsWith('application/json')) return bytes;
  } catch (error) {
    if (request.signal?.aborted) throw request.signal.reason;
    throw isAichorError(error) ? error : unreachable(target.address, error);
  }
  throw unusable(target.address, new TypeError(`a body of type ${String(headers['content-type'])}`));
}

async function exchange(
  { address, apiKey }: Target,
  { method, path, query, json, body, silentMs, signal }: HttpRequest,
): Promise<HttpAnswer> {
  const call = {
    method,
    path: `/v1${path}${searchOf(query)}`,
    headers: {
      ...(apiKey !== null && { authorization: `Bearer ${apiKey}` }),
      ...(json !== undefined && { 'content-type': 'application/json' }),
      ...(body && { 'content-type': body.type }),
      ...(body?.encoding !== undefined && { 'content-encoding': body.encoding }),
    },
    body: json === undefined ? contentOf(body) : JSON.stringify(json),
    signal,
  };
  if ('url' in address)
    return (await remoteAt(address.url)).send({ ...call, answerMs: silentMs ?? 0, silentMs });
  // A socket has no host, and HTTP wants one.
  const headers = { ...call.headers, host: 'aichor' };
  const answer = await unlessSilent(address, (given) =>
    sendHere({ ...call, headers, place: address, signal: signal ? AbortSignal.any([signal, given]) : given }),
  );
  return { status: answer.statusCode ?? 0, headers: answer.headers, body: answer };
}

function contentOf(body: HttpRequest['body']): Readable | Uint8Array | undefined {
  return typeof body?.content === 'function' ? body.content() : body?.content;
}

function remoteAt(url: string): Promise<Remote> {
  const known = remotes.get(url) ?? open(url);
  remotes.set(url, known);
  return known;
}

/** Loaded for those who need it: most commands speak to the socket. */
async function open(url: string): Promise<Remote> {
  const { openRemote } = await import('../base/http/remote.ts');
  return openRemote(url, { env: process.env, connectMs: CONNECT_MS });
}

export function describeAddress(address: Address): string {
  return 'url' in address ? address.url : `unix:${address.socketPath}`;
}

/** There was no answer. */
export function unreachable(address: Address, cause: unknown): AichorError {
  const why = systemErrorCode(cause) ?? (cause instanceof Error ? cause.message : String(cause));
  const hint =
    'url' in address
      ? 'check the address (`aichor context show`), the network, and that the server runs'
      : 'run the command again; `aichor server logs` shows what the embedded server said';
  return new AichorError(
    'server_unreachable',
    `the control plane at ${describeAddress(address)} cannot be reached (${why})`,
    { hint, cause },
  );
}

function unusable(address: Address, cause: unknown): AichorError {
  return new AichorError(
    'server_error',
    `${describeAddress(address)} answered something that is not aichor's`,
    {
      hint: 'check that the address is that of an aichor server (`aichor context show`)',
      cause,
    },
  );
}
