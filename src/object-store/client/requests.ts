import { Readable } from 'node:stream';
import { again, doubling } from '../../base/async/again.ts';
import { proxyFor } from '../../base/http/proxy.ts';
import { openRemote, type HttpAnswer, type Remote } from '../../base/http/remote.ts';
import { HttpTimeout } from '../../base/http/send.ts';
import { systemErrorCode } from '../../errors.ts';
import {
  ALGORITHM,
  EMPTY_SHA256,
  encode,
  scopeText,
  sha256,
  signatureOf,
  signingKey,
} from '../wire/signature.ts';
import { amazonEndpoint, GOOGLE_ENDPOINT, type ObjectAccess, type StoreKind } from './access.ts';

/** An object store answered something else than what was asked for. Nothing in it but a status and a code of S3. */
export class ObjectStoreError extends Error {
  override readonly name = 'ObjectStoreError';
  /** Of HTTP. */
  readonly status: number;
  /** Of S3 (`AccessDenied`, …); null: it gave none. */
  readonly code: string | null;

  constructor(status: number, code: string | null) {
    super(`the object store answered ${code ?? status}`);
    this.status = status;
    this.code = code;
  }
}

export interface BucketOpening {
  bucket: string;
  /** Whose store it is where no endpoint is named; Amazon's, unless said. */
  kind?: StoreKind;
  /** For proxies. */
  env: Readonly<Record<string, string | undefined>>;
  now(): Date;
  /** Tries in all of requests that may be sent again, for what may pass; 1 unless said: who asks again by itself. */
  tries?: number;
}

export type ObjectQuery = readonly (readonly [name: string, value: string])[];

export interface ObjectRequest {
  method?: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  /** Empty: it is about the bucket. */
  key: string;
  query?: ObjectQuery;
  /** Signed as well; names in lower case. */
  headers?: Readonly<Record<string, string>>;
  /** A stream is sent once, whatever becomes of it. */
  body?: Uint8Array | { content: Readable; bytes: number };
  signal: AbortSignal;
}

/** Sends requests to one bucket. */
export interface ObjectRequests {
  /** The answer, whatever its status. Throws the signal's reason, or an error with the system's code. */
  send(request: ObjectRequest): Promise<HttpAnswer>;
  /** The answer if it has one of these statuses. Throws what `send` throws, and ObjectStoreError. */
  expect(request: ObjectRequest, statuses: readonly number[]): Promise<HttpAnswer>;
}

const CONNECT_MS = 10_000;
const ANSWER_MS = 20_000;
/** A store puts the parts of a large object together, or takes a large body, before it answers. */
const WRITTEN_MS = 600_000;
/**
 * What is sent in one piece is small: a connection that leads nowhere is found out, and it is sent anew. The time counts from
 * the first byte, and a line that many share may bring no more than 4 kB a second of each.
 */
const PLACED_MS = 60_000;
const SLOWEST_BYTES_A_MS = 4;
const SILENT_MS = 20_000;
const STALLED_MS = 30_000;
const LONGEST_ERROR = 64 * 1024;
const REGION_HEADER = 'x-amz-bucket-region';
const PASSING: ReadonlySet<number> = new Set([429, 500, 502, 503, 504]);

/** Sends nothing yet. Redirects are not followed, but for the region that Amazon names for a bucket of its own. */
export function openRequests(
  access: ObjectAccess,
  { bucket, kind = 's3', env, now, tries = 1 }: BucketOpening,
): ObjectRequests {
  let { region } = access;
  const standard = () => (kind === 'gs' ? GOOGLE_ENDPOINT : amazonEndpoint(region));
  // Thousands of requests in a minute go to the same place.
  const placeOf = memo((address: string) => {
    const { host, origin, pathname } = new URL(address);
    const path = `${pathname.replace(/\/$/, '')}/${encode(bucket)}`;
    return { host, origin, path, remote: remoteOf(origin, env) };
  });
  const sign = createSigner(access);

  async function once({ method = 'GET', key, query = [], headers = {}, body, signal }: ObjectRequest) {
    const place = placeOf(access.endpoint ?? standard());
    const { host, origin } = place;
    const path = `${place.path}/${key.split('/').map(encode).join('/')}`;
    const payload = payloadOf(body);
    const signed = sign({ method, host, path, query, headers, payload, region, now: now() });
    const search = query.map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&');
    const isWriting = method === 'PUT' || method === 'POST';
    const written =
      method === 'PUT' && body instanceof Uint8Array
        ? PLACED_MS + body.byteLength / SLOWEST_BYTES_A_MS
        : WRITTEN_MS;
    const stream = body === undefined || body instanceof Uint8Array ? null : body;
    const remote = await (stream === null ? place.remote : openRemote(origin, opened(env)));
    return remote.send({
      method,
      path: search === '' ? path : `${path}?${search}`,
      // What is asked for is bytes as they lie there.
      headers: {
        ...signed,
        'accept-encoding': 'identity',
        // It cannot be sent again when a connection that was kept turns out to be closed.
        ...(stream !== null && { 'content-length': stream.bytes, connection: 'close' }),
      },
      body: stream === null ? (body as Uint8Array | undefined) : flowing(stream.content),
      answerMs: isWriting ? written : ANSWER_MS,
      silentMs: isWriting ? written : SILENT_MS,
      signal,
    });
  }

  async function inItsRegion(request: ObjectRequest): Promise<HttpAnswer> {
    const answer = await once(request);
    const named = answer.headers[REGION_HEADER];
    const isElsewhere = answer.status === 301 || answer.status === 307 || answer.status === 400;
    if (access.endpoint !== null || kind !== 's3' || !isElsewhere || typeof named !== 'string') return answer;
    if (named === region || !/^[a-z0-9-]{1,40}$/.test(named) || isStream(request)) return answer;
    drop(answer);
    region = named;
    return once(request);
  }

  async function send(request: ObjectRequest): Promise<HttpAnswer> {
    const answer = await inItsRegion(request);
    if (!PASSING.has(answer.status)) return answer;
    throw await refusal(answer);
  }

  const patiently = (request: ObjectRequest): Promise<HttpAnswer> => {
    if (tries <= 1 || isStream(request)) return inItsRegion(request);
    return again(() => send(request), {
      delays: doubling({ firstMs: 200, longestMs: 5000, most: tries - 1, chance: Math.random }),
      isTransient: mayPass,
      signal: request.signal,
    });
  };
  return {
    send: patiently,
    async expect(request, statuses) {
      const answer = await patiently(request);
      if (statuses.includes(answer.status)) return answer;
      throw await refusal(answer);
    },
  };
}

/** What was made of an argument is kept until another one comes. */
function memo<T>(make: (from: string) => T): (from: string) => T {
  let made: { from: string; value: T } | null = null;
  return (from) => {
    if (made?.from !== from) made = { from, value: make(from) };
    return made.value;
  };
}

/** Stores that this process has spoken to, by address and proxy: their connections are used again by whoever comes next. */
const remotes = new Map<string, Promise<Remote>>();

function remoteOf(origin: string, env: BucketOpening['env']): Promise<Remote> {
  const key = JSON.stringify([origin, proxyFor(origin, env)]);
  const known = remotes.get(key) ?? openRemote(origin, opened(env));
  remotes.set(key, known);
  return known;
}

function opened(env: BucketOpening['env']) {
  return { env, connectMs: CONNECT_MS };
}

/** Whether the same may be answered otherwise a moment later. */
export function mayPass(error: unknown): boolean {
  if (error instanceof ObjectStoreError) return PASSING.has(error.status);
  return error instanceof HttpTimeout || LOST.has(systemErrorCode(error) ?? '');
}

const LOST: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'UND_ERR_SOCKET',
  'EAI_AGAIN',
  'ENETUNREACH',
  'EHOSTUNREACH',
]);

function isStream({ body }: ObjectRequest): boolean {
  return body !== undefined && !(body instanceof Uint8Array);
}

/** A body that fails (`ETIMEDOUT`) when none of it is taken for a while: the connection leads nowhere then. */
function flowing(content: Readable): Readable {
  const stalled = Object.assign(new Error(`nothing was taken for ${STALLED_MS / 1000} s`), {
    code: 'ETIMEDOUT',
  });
  const watched = Readable.from(pieces(), { objectMode: false });
  let timer: NodeJS.Timeout | undefined;
  const wait = () => {
    clearTimeout(timer);
    timer = setTimeout(() => watched.destroy(stalled), STALLED_MS);
  };
  async function* pieces() {
    wait();
    try {
      for await (const piece of content) {
        wait();
        yield piece as Uint8Array;
      }
    } finally {
      clearTimeout(timer);
    }
  }
  return watched.once('close', () => clearTimeout(timer));
}

/** Of what is read as it is sent nobody knows the hash before; TLS keeps it whole, and its length. */
function payloadOf(body: ObjectRequest['body']): string {
  if (body === undefined) return EMPTY_SHA256;
  return body instanceof Uint8Array ? sha256(body) : 'UNSIGNED-PAYLOAD';
}

interface Signing {
  method: string;
  host: string;
  path: string;
  query: ObjectQuery;
  headers: Readonly<Record<string, string>>;
  payload: string;
  region: string;
  now: Date;
}

/** Keys that sign for a day are made once. */
function createSigner(access: ObjectAccess) {
  let made: { of: string; key: Buffer } = { of: '', key: Buffer.alloc(0) };
  return ({ method, host, path, query, headers: given, payload, region, now }: Signing) => {
    const time = now.toISOString().replace(/[-:]|\.\d+/g, '');
    const scope = { time, region, service: 's3' };
    const of = scopeText(scope);
    if (made.of !== of) made = { of, key: signingKey(access.secretKey, scope) };
    const headers: Record<string, string> = {
      ...given,
      host,
      'x-amz-content-sha256': payload,
      'x-amz-date': time,
      ...(access.sessionToken !== null && { 'x-amz-security-token': access.sessionToken }),
    };
    const signature = signatureOf({ method, path, query, headers, payload }, scope, made.key);
    const names = Object.keys(headers).sort().join(';');
    const authorization = `${ALGORITHM} Credential=${access.accessKey}/${of}, SignedHeaders=${names}, Signature=${signature}`;
    return { ...headers, authorization };
  };
}

/** Lets go of an answer that nobody reads. A short one is let come to its end: only then its connection can be used again. */
export function drop({ body }: HttpAnswer): void {
  let length = 0;
  body
    .on('error', () => undefined)
    .on('data', (piece: Buffer) => {
      length += piece.length;
      if (length > LONGEST_ERROR) body.destroy();
    });
}

/** A body as bytes. What is longer is cut: somebody sends more than was asked for. */
export async function bytesOf(body: Readable, most: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of body as AsyncIterable<Buffer>) {
    pieces.push(piece);
    length += piece.length;
    if (length > most) break;
  }
  return Buffer.concat(pieces).subarray(0, most);
}

/** What an answer that was not expected means. */
export async function refusal({ status, body }: HttpAnswer): Promise<ObjectStoreError> {
  const text = (await bytesOf(body, LONGEST_ERROR)).toString('utf8');
  return new ObjectStoreError(status, codeIn(text));
}

/** Others' words, of whatever form: only what can be a code is taken. */
export function codeIn(text: string): string | null {
  return /<Code>([A-Za-z0-9]{1,64})<\/Code>/.exec(text)?.[1] ?? null;
}
