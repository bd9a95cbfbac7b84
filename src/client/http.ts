import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import type { Readable } from 'node:stream';
import { AichorError, isAichorError, systemErrorCode } from '../errors.ts';
import { errorOfBody } from './error-of-body.ts';

/** Where a control plane listens: the embedded one's unix socket, or a team server's address. */
export type Address = { socketPath: string } | { url: string };

export interface Target {
  address: Address;
  apiKey: string | null;
}

export type Query = Record<string, string | number | boolean | readonly string[] | undefined>;

export interface HttpRequest {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Below `/v1`, with its leading slash; segments already encoded. */
  path: string;
  query?: Query | undefined;
  /** Sent as JSON. */
  json?: unknown;
  /** Sent as it is; ended or destroyed by this call. */
  body?: { stream: Readable; type: string; encoding?: string };
  signal?: AbortSignal | undefined;
}

/**
 * One request, one connection. Resolves with the response of a success, its body not read yet.
 * Throws AichorError: what the body says of a failure, `server_unreachable` when there is no answer (its `cause`
 * is the system's error), the signal's reason when it was aborted.
 */
export async function send(target: Target, request: HttpRequest): Promise<IncomingMessage> {
  try {
    const response = await exchange(target, request);
    const status = response.statusCode ?? 0;
    if (status >= 200 && status < 300) return response;
    throw errorOfBody(status, await readText(response));
  } catch (error) {
    if (request.signal?.aborted) throw request.signal.reason;
    throw isAichorError(error) ? error : unreachable(target.address, error);
  }
}

/** `send`, and the body as JSON. The shape is the contract's; it is not checked again here. */
export async function sendForJson<T>(target: Target, request: HttpRequest): Promise<T> {
  const response = await send(target, request);
  try {
    return JSON.parse(await readText(response)) as T;
  } catch (error) {
    if (request.signal?.aborted) throw request.signal.reason;
    if (error instanceof SyntaxError) throw unusable(target.address, error);
    throw isAichorError(error) ? error : unreachable(target.address, error);
  }
}

export async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

async function exchange(target: Target, request: HttpRequest): Promise<IncomingMessage> {
  const start = await transportOf(target.address);
  const payload = request.json === undefined ? null : Buffer.from(JSON.stringify(request.json));
  const options: RequestOptions = {
    ...placeOf(target.address, request),
    method: request.method,
    headers: headersOf(target, request, payload),
    agent: false,
    ...(request.signal && { signal: request.signal }),
  };
  return new Promise((resolve, reject) => {
    const outgoing = start(options, resolve);
    outgoing.on('error', reject);
    if (request.body) sendStream(outgoing, request.body.stream, reject);
    else outgoing.end(payload ?? undefined);
  });
}

/** A stream that fails breaks the request off, and its own error is the one that is told. */
function sendStream(
  outgoing: ReturnType<typeof httpRequest>,
  stream: Readable,
  reject: (error: unknown) => void,
): void {
  stream.on('error', (error) => {
    reject(error);
    outgoing.destroy();
  });
  outgoing.on('close', () => stream.destroy());
  stream.pipe(outgoing);
}

async function transportOf(address: Address): Promise<typeof httpRequest> {
  if ('url' in address && address.url.startsWith('https:')) return (await import('node:https')).request;
  return httpRequest;
}

function placeOf(address: Address, { path, query }: HttpRequest): RequestOptions {
  const below = `/v1${path}${searchOf(query)}`;
  if ('socketPath' in address) return { socketPath: address.socketPath, path: below };
  const url = new URL(address.url);
  const port = url.port === '' ? {} : { port: url.port };
  return {
    protocol: url.protocol,
    hostname: url.hostname.replace(/^\[|\]$/g, ''),
    ...port,
    path: `${url.pathname.replace(/\/$/, '')}${below}`,
  };
}

/** Lists become repeated keys; what is undefined is left out. */
export function searchOf(query: Query | undefined): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query ?? {})) {
    if (value === undefined) continue;
    if (typeof value === 'object') for (const item of value) search.append(key, item);
    else search.append(key, String(value));
  }
  const text = search.toString();
  return text === '' ? '' : `?${text}`;
}

function headersOf(
  { apiKey }: Target,
  { body }: HttpRequest,
  payload: Buffer | null,
): Record<string, string | number> {
  return {
    host: 'aichor',
    ...(apiKey !== null && { authorization: `Bearer ${apiKey}` }),
    ...(payload && { 'content-type': 'application/json', 'content-length': payload.length }),
    ...(body && { 'content-type': body.type }),
    ...(body?.encoding !== undefined && { 'content-encoding': body.encoding }),
  };
}

export function describeAddress(address: Address): string {
  return 'url' in address ? address.url : `unix:${address.socketPath}`;
}

function unreachable(address: Address, cause: unknown): AichorError {
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
