import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Bucket } from '../store/bucket.ts';
import { GATHERED } from '../store/incoming.ts';
import { CHECKSUM_HEADERS, CHECKSUMS, type ChecksumName } from '../wire/checksum.ts';
import { decodeChunked, type ChunkSigning } from '../wire/chunked.ts';
import { S3Error } from '../wire/s3-error.ts';
import { UNSIGNED, type SignedCaller } from '../wire/verify.ts';

/** A request whose signature is right, taken apart. */
export interface S3Request {
  raw: IncomingMessage;
  response: ServerResponse;
  method: string;
  /** Null: the request is about all buckets. */
  bucket: Bucket | null;
  /** Empty: the request is about the bucket. */
  key: string;
  query: ReadonlyMap<string, string>;
  caller: SignedCaller;
}

/** A path and query as they came, decoded. */
export function parseTarget(url: string): { path: string; query: [string, string][] } {
  const at = url.indexOf('?');
  const path = at < 0 ? url : url.slice(0, at);
  const query = (at < 0 ? '' : url.slice(at + 1)).split('&').filter((each) => each !== '');
  return {
    path,
    query: query.map((each): [string, string] => {
      const equals = each.indexOf('=');
      const name = equals < 0 ? each : each.slice(0, equals);
      return [decode(name), equals < 0 ? '' : decode(each.slice(equals + 1))];
    }),
  };
}

function decode(text: string): string {
  return decodePath(text.replaceAll('+', ' '));
}

/** @throws S3Error for what is no UTF-8 in per cent */
export function decodePath(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new S3Error('InvalidArgument', 'the address is not encoded as UTF-8');
  }
}

export function headerOf({ raw }: Pick<S3Request, 'raw'>, name: string): string | null {
  const value = raw.headers[name];
  return value === undefined ? null : Array.isArray(value) ? value.join(',') : value;
}

/** Headers of an object that come back with it. */
export function keptHeaders({ raw }: S3Request): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(raw.headers))
    if (typeof value === 'string' && (name.startsWith('x-amz-meta-') || KEPT.has(name))) kept[name] = value;
  const encoding = raw.headers['content-encoding']?.split(',').map((each) => each.trim()) ?? [];
  // That is how it came, not what it is.
  const rest = encoding.filter((each) => each !== 'aws-chunked' && each !== '');
  if (rest.length > 0) kept['content-encoding'] = rest.join(',');
  return kept;
}

const KEPT = new Set(['cache-control', 'content-disposition', 'content-language', 'expires']);

/** A body as it is to be stored, and what was said of it. */
export interface Body {
  /** All of it at once, instead of `content`; null: it may be large, or comes in chunks that are taken apart. */
  small: (() => Promise<Buffer>) | null;
  content: AsyncIterable<Buffer>;
  /** Checksums that it has to have, in base64; those of trailers are there once it was read. */
  expected(): Partial<Record<ChecksumName, string>>;
  /** Checksums that are to be made of it. */
  asked: ChecksumName[];
  /** Hex that its SHA-256 has to be; null: nothing was said. */
  sha256: string | null;
  /** Base64 that its MD5 has to be; null: nothing was said. */
  md5: string | null;
}

/** @throws S3Error for what cannot be */
export function bodyOf(request: S3Request): Body {
  const { raw, caller } = request;
  const said: Partial<Record<ChecksumName, string>> = {};
  for (const name of CHECKSUMS) {
    const value = headerOf(request, CHECKSUM_HEADERS[name]);
    if (value !== null) said[name] = value;
  }
  const trailer = headerOf(request, 'x-amz-trailer')
    ?.split(',')
    .map((each) => each.trim().toLowerCase());
  const announced = CHECKSUMS.filter((name) => trailer?.includes(CHECKSUM_HEADERS[name]));
  const sdk = headerOf(request, 'x-amz-sdk-checksum-algorithm')?.toLowerCase();
  const wanted = CHECKSUMS.filter((name) => name === sdk);
  const md5 = headerOf(request, 'content-md5');
  if (md5 !== null && Buffer.from(md5, 'base64').length !== 16) throw new S3Error('InvalidDigest');
  const chunked = /^STREAMING-(AWS4-HMAC-SHA256-PAYLOAD|UNSIGNED-PAYLOAD)(-TRAILER)?$/.exec(caller.payload);
  const body: Omit<Body, 'content' | 'small'> = {
    expected: () => said,
    asked: [...new Set([...(Object.keys(said) as ChecksumName[]), ...announced, ...wanted])],
    sha256: /^[0-9a-f]{64}$/.test(caller.payload) ? caller.payload : null,
    md5,
  };
  if (chunked === null) {
    if (body.sha256 === null && caller.payload !== UNSIGNED)
      throw new S3Error('InvalidRequest', 'x-amz-content-sha256 is none of its forms');
    const length = Number(raw.headers['content-length'] ?? NaN);
    return { ...body, small: length <= GATHERED ? () => atOnce(raw) : null, content: whole(raw) };
  }
  const signing: ChunkSigning | null =
    chunked[1] === 'UNSIGNED-PAYLOAD'
      ? null
      : { scope: caller.scope, key: caller.key, seed: caller.signature };
  const onTrailers = (trailers: ReadonlyMap<string, string>) => {
    for (const name of announced) {
      const value = trailers.get(`x-amz-checksum-${name}`);
      if (value === undefined) throw new S3Error('InvalidRequest', 'the announced checksum did not come');
      said[name] = value;
    }
  };
  return {
    ...body,
    small: null,
    content: exactly(decodeChunked(whole(raw), { signing, onTrailers }), decodedLength(request)),
  };
}

function decodedLength(request: S3Request): number | null {
  const text = headerOf(request, 'x-amz-decoded-content-length');
  return text === null ? null : Number(text);
}

/** The bytes of a small request: the machinery of streams would take longer than all else that is done with it. */
function atOnce(raw: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    let isWhole = false;
    raw.on('data', (piece: Buffer) => pieces.push(piece));
    raw.on('end', () => {
      isWhole = raw.complete;
      const [only] = pieces;
      if (isWhole) resolve(pieces.length === 1 && only !== undefined ? only : Buffer.concat(pieces));
    });
    // It is followed by `close`.
    raw.on('error', () => undefined);
    raw.on('close', () => {
      if (!isWhole) reject(new S3Error('IncompleteBody'));
    });
  });
}

/** The bytes of a request; a connection that is cut is no end. */
async function* whole(raw: IncomingMessage): AsyncGenerator<Buffer> {
  try {
    for await (const piece of raw) yield piece as Buffer;
  } catch {
    throw new S3Error('IncompleteBody');
  }
  if (!raw.complete) throw new S3Error('IncompleteBody');
}

async function* exactly(content: AsyncIterable<Buffer>, length: number | null): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const piece of content) {
    bytes += piece.length;
    yield piece;
  }
  if (length !== null && bytes !== length) throw new S3Error('IncompleteBody');
}

/** Bytes that a document in a body may have at most. */
const LONGEST_DOCUMENT = 4 << 20;

/** A small body as text. */
export async function textBody(request: S3Request): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of bodyOf(request).content) {
    bytes += piece.length;
    if (bytes > LONGEST_DOCUMENT) throw new S3Error('MalformedXML', 'the document is too long');
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}
