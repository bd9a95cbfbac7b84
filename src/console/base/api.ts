import { apiUrl, type Parameters } from '../../api/console/addresses.ts';
import type { ErrorBody } from '../../api/error-body.ts';
import { takeFirst } from './first.ts';

/** What the control plane refused, in its own words. */
export class ApiRefusal extends Error {
  readonly status: number;
  readonly code: string;
  readonly hint: string | null;
  constructor(
    status: number,
    { code, message, hint }: { code: string; message: string; hint: string | null },
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.hint = hint;
  }
}

let onSignedOut = () => {};

/** Called whenever the control plane says that there is no session (any more). */
export function whenSignedOut(then: () => void): void {
  onSignedOut = then;
}

/** Throws ApiRefusal; a `code` of `server_unreachable` means that nobody answered. */
export async function request(url: string, init: RequestInit = {}): Promise<Response> {
  const response = await fetch(url, init).catch((error: unknown) => {
    if (init.signal?.aborted) throw error;
    throw new ApiRefusal(0, {
      code: 'server_unreachable',
      message: 'the control plane does not answer',
      hint: 'aichor console starts it again',
    });
  });
  if (response.ok) return response;
  const refusal = await refusalOf(response);
  if (response.status === 401) onSignedOut();
  throw refusal;
}

/** Throws ApiRefusal. What came with the page is not asked for again. */
export function get<T>(path: string, parameters?: Parameters, signal?: AbortSignal): Promise<T> {
  return getAt(apiUrl(path, parameters), signal);
}

/** The same of an address with its query. */
export async function getAt<T>(url: string, signal?: AbortSignal): Promise<T> {
  const first = takeFirst(url);
  if (first !== undefined) return first as T;
  const response = await request(url, signal ? { signal } : {});
  return (await response.json()) as T;
}

/** What changes something: always JSON, which no other site's form can send. */
export async function send<T>(method: 'POST' | 'DELETE', path: string, body: unknown = {}): Promise<T> {
  const response = await request(apiUrl(path), {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return (await response.json()) as T;
}

async function refusalOf(response: Response): Promise<ApiRefusal> {
  try {
    const { error } = (await response.json()) as ErrorBody;
    return new ApiRefusal(response.status, error);
  } catch {
    return new ApiRefusal(response.status, {
      code: 'server_error',
      message: `the control plane answered with ${response.status}`,
      hint: null,
    });
  }
}
