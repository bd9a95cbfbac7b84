import { createHmac, hash } from 'node:crypto';

/** Signature version 4, as Amazon's documentation of S3 describes it. For whoever signs and whoever checks. */

export const ALGORITHM = 'AWS4-HMAC-SHA256';
export const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

/** What a signature is made over. */
export interface Signable {
  method: string;
  /** As it is sent: percent-encoded, begins with a slash. */
  path: string;
  /** Decoded, without the signature itself. */
  query: readonly (readonly [name: string, value: string])[];
  /** Those that are signed, names in lower case. */
  headers: Readonly<Record<string, string>>;
  /** SHA-256 of the body in hex, or one of the words that stand for it. */
  payload: string;
}

/** When, where and for what a key counts. */
export interface Scope {
  /** `20261128T101500Z`. */
  time: string;
  region: string;
  service: string;
}

export function scopeText({ time, region, service }: Scope): string {
  return `${time.slice(0, 8)}/${region}/${service}/aws4_request`;
}

/** The key that signs for a day, a region and a service. */
export function signingKey(secret: string, { time, region, service }: Scope): Buffer {
  const ofDay = hmac(`AWS4${secret}`, time.slice(0, 8));
  return hmac(hmac(hmac(ofDay, region), service), 'aws4_request');
}

/** The signature of a request, in hex. */
export function signatureOf(request: Signable, scope: Scope, key: Buffer): string {
  const text = [ALGORITHM, scope.time, scopeText(scope), sha256(canonicalRequest(request))].join('\n');
  return hmac(key, text).toString('hex');
}

/** The signature of a chunk of a body: it goes on from that of the chunk before, the first from the request's. */
export function chunkSignature(
  { scope, key, before }: { scope: Scope; key: Buffer; before: string },
  hash: string,
): string {
  const text = [`${ALGORITHM}-PAYLOAD`, scope.time, scopeText(scope), before, EMPTY_SHA256, hash];
  return hmac(key, text.join('\n')).toString('hex');
}

/** The signature of what stands behind a body. */
export function trailerSignature(
  { scope, key, before }: { scope: Scope; key: Buffer; before: string },
  hash: string,
): string {
  const text = ['AWS4-HMAC-SHA256-TRAILER', scope.time, scopeText(scope), before, hash];
  return hmac(key, text.join('\n')).toString('hex');
}

function canonicalRequest({ method, path, query, headers, payload }: Signable): string {
  const names = Object.keys(headers).sort();
  const lines = names.map((name) => `${name}:${(headers[name] ?? '').trim().replace(/ +/g, ' ')}\n`);
  return [method, canonicalPath(path), canonicalQuery(query), lines.join(''), names.join(';'), payload].join(
    '\n',
  );
}

/** As Amazon encodes it, however the client did. */
function canonicalPath(path: string): string {
  if (PLAIN_PATH.test(path)) return path;
  return path
    .split('/')
    .map((segment) => encode(decodeURIComponent(segment)))
    .join('/');
}

function canonicalQuery(query: Signable['query']): string {
  if (query.length === 0) return '';
  return query
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort()
    .join('&');
}

/** Everything but the unreserved characters of RFC 3986 is written as bytes in hex. */
export function encode(text: string): string {
  // Most need nothing of it.
  if (PLAIN.test(text)) return text;
  return encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${hexOf(sign)}`);
}

const PLAIN_PATH = /^[\w.~/-]*$/;
const PLAIN = /^[\w.~-]*$/;

function hexOf(sign: string): string {
  return sign.charCodeAt(0).toString(16).toUpperCase();
}

export function sha256(content: string | Uint8Array): string {
  return hash('sha256', content, 'hex');
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
