import { timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { S3Error } from './s3-error.ts';
import { ALGORITHM, scopeText, signatureOf, signingKey, type Scope } from './signature.ts';

/** A request that asks to be let in. */
export interface Signed {
  method: string;
  /** As it came, percent-encoded, without the query. */
  path: string;
  /** Decoded, in the order in which it came. */
  query: readonly (readonly [name: string, value: string])[];
  headers: IncomingHttpHeaders;
}

/** Somebody whose signature is right. */
export interface SignedCaller {
  accessKey: string;
  scope: Scope;
  /** Signs what follows for this request: the chunks of its body. */
  key: Buffer;
  signature: string;
  /** Of the body, or one of the words that stand for it. */
  payload: string;
}

const SKEW_MS = 15 * 60_000;
const LONGEST_S = 7 * 24 * 3600;
export const UNSIGNED = 'UNSIGNED-PAYLOAD';

/**
 * Checks a signature of version 4, in the header or in the query.
 *
 * @param secretOf of an access key; null: there is no such key
 * @throws S3Error
 */
export function verify(
  request: Signed,
  secretOf: (accessKey: string) => string | null,
  now: Date,
): SignedCaller {
  const parts =
    request.headers.authorization === undefined ? fromQuery(request, now) : fromHeader(request, now);
  const secret = secretOf(parts.accessKey);
  if (secret === null) throw new S3Error('InvalidAccessKeyId');
  const key = keyFor(secret, parts.scope);
  const { method, path } = request;
  const query = request.query.filter(([name]) => name !== 'X-Amz-Signature');
  const headers: Record<string, string> = {};
  for (const name of parts.signed) headers[name] = headerOf(request.headers, name);
  const expected = signatureOf({ method, path, query, headers, payload: parts.payload }, parts.scope, key);
  if (!isSame(expected, parts.signature)) throw new S3Error('SignatureDoesNotMatch');
  return { accessKey: parts.accessKey, scope: parts.scope, key, signature: expected, payload: parts.payload };
}

/** The last one that was made: it signs for a day. */
let made: { of: string; key: Buffer } | null = null;

function keyFor(secret: string, scope: Scope): Buffer {
  const of = `${secret} ${scopeText(scope)}`;
  if (made?.of !== of) made = { of, key: signingKey(secret, scope) };
  return made.key;
}

interface Parts {
  accessKey: string;
  scope: Scope;
  signed: string[];
  signature: string;
  payload: string;
}

function fromHeader({ headers }: Signed, now: Date): Parts {
  const text = headers.authorization ?? '';
  if (!text.startsWith(`${ALGORITHM} `))
    throw new S3Error('InvalidRequest', `only signatures of version 4 are taken (${ALGORITHM})`);
  const { credential, signed, signature } = fieldsOf(text);
  const time = headerOf(headers, 'x-amz-date') || basicTime(headerOf(headers, 'date'));
  const parts = partsOf({ credential, signed, signature, time }, 'AuthorizationHeaderMalformed');
  if (Math.abs(instantOf(time) - now.getTime()) > SKEW_MS) throw new S3Error('RequestTimeTooSkewed');
  const payload = headerOf(headers, 'x-amz-content-sha256');
  if (payload === '') throw new S3Error('InvalidRequest', 'x-amz-content-sha256 is missing');
  return { ...parts, payload };
}

/** What an `Authorization` header says. */
function fieldsOf(text: string): Pick<Given, 'credential' | 'signed' | 'signature'> {
  const fields: Record<string, string> = {};
  for (const field of text.slice(ALGORITHM.length).split(',')) {
    const at = field.indexOf('=');
    const name = field.slice(0, at).trim();
    if (name === 'Credential' || name === 'SignedHeaders' || name === 'Signature')
      fields[name] = field.slice(at + 1).trim();
  }
  const { Credential: credential, SignedHeaders: signed, Signature: signature } = fields;
  return { credential, signed, signature };
}

function fromQuery({ query, headers }: Signed, now: Date): Parts {
  const values = new Map(query);
  if (values.get('X-Amz-Algorithm') !== ALGORITHM) {
    const old = values.has('Signature') || values.has('AWSAccessKeyId');
    if (old) throw new S3Error('InvalidRequest', `only signatures of version 4 are taken (${ALGORITHM})`);
    throw new S3Error('AccessDenied', 'the request is not signed');
  }
  const time = values.get('X-Amz-Date') ?? '';
  const parts = partsOf(
    {
      credential: values.get('X-Amz-Credential'),
      signed: values.get('X-Amz-SignedHeaders'),
      signature: values.get('X-Amz-Signature'),
      time,
    },
    'AuthorizationQueryParametersError',
  );
  const seconds = Number(values.get('X-Amz-Expires'));
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > LONGEST_S)
    throw new S3Error('AuthorizationQueryParametersError', `X-Amz-Expires is from 1 to ${LONGEST_S}`);
  const from = instantOf(time);
  if (now.getTime() < from - SKEW_MS) throw new S3Error('RequestTimeTooSkewed');
  if (now.getTime() > from + seconds * 1000) throw new S3Error('AccessDenied', 'Request has expired');
  return { ...parts, payload: headerOf(headers, 'x-amz-content-sha256') || UNSIGNED };
}

interface Given {
  credential: string | undefined;
  signed: string | undefined;
  signature: string | undefined;
  time: string;
}

function partsOf(
  given: Given,
  code: 'AuthorizationHeaderMalformed' | 'AuthorizationQueryParametersError',
): Omit<Parts, 'payload'> {
  const [accessKey = '', day, region = '', service = '', end, ...more] = (given.credential ?? '').split('/');
  const signed = (given.signed ?? '').split(';');
  const signature = given.signature ?? '';
  const isWhole =
    /^\d{8}T\d{6}Z$/.test(given.time) &&
    day === given.time.slice(0, 8) &&
    end === 'aws4_request' &&
    more.length === 0 &&
    service === 's3' &&
    /^[0-9a-f]{64}$/.test(signature);
  if (!isWhole) throw new S3Error(code);
  if (!signed.includes('host')) throw new S3Error(code, 'the header Host must be signed');
  return { accessKey, scope: { time: given.time, region, service }, signed, signature };
}

function headerOf(headers: IncomingHttpHeaders, name: string): string {
  const value = headers[name];
  return Array.isArray(value) ? value.join(',') : (value ?? '');
}

/** The last one that was read: hundreds of requests come in a second. */
let read: { time: string; instant: number } | null = null;

/** `20261128T101500Z` as milliseconds. */
function instantOf(time: string): number {
  if (read?.time !== time) {
    const written = time.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z');
    read = { time, instant: Date.parse(written) };
  }
  return read.instant;
}

function basicTime(date: string): string {
  const instant = new Date(date);
  return Number.isNaN(instant.getTime()) ? '' : instant.toISOString().replace(/[-:]|\.\d+/g, '');
}

function isSame(one: string, other: string): boolean {
  return one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other));
}
