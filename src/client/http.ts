import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { searchOf, type Query } from '../base/http/query.ts';
import { readText, send as sendCall, type Place } from '../base/http/send.ts';
import { AichorError, isAichorError, systemErrorCode } from '../errors.ts';
import { errorOfBody } from './error-of-body.ts';

/** Where a control plane listens: the embedded one's unix socket, or a team server's address. */
export type Address = Place;

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

function exchange(
  { address, apiKey }: Target,
  { method, path, query, json, body, signal }: HttpRequest,
): Promise<IncomingMessage> {
  return sendCall({
    place: address,
    method,
    path: `/v1${path}${searchOf(query)}`,
    headers: {
      host: 'aichor',
      ...(apiKey !== null && { authorization: `Bearer ${apiKey}` }),
      ...(json !== undefined && { 'content-type': 'application/json' }),
      ...(body && { 'content-type': body.type }),
      ...(body?.encoding !== undefined && { 'content-encoding': body.encoding }),
    },
    body: json === undefined ? body?.stream : JSON.stringify(json),
    signal,
  });
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
