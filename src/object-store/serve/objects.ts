import { closeSync, createReadStream, openSync, readSync } from 'node:fs';
import { mkdir, readdir, rmdir, unlink } from 'node:fs/promises';
import type { Stats } from 'node:fs';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createTurn, type Turn } from '../../base/async/turn.ts';
import { ifThere } from '../../base/io/files.ts';
import { systemErrorCode } from '../../errors.ts';
import type { AttributeFile, Attributes } from '../store/attributes.ts';
import { fileOf, placeOf, type Bucket } from '../store/bucket.ts';
import {
  digestsOf,
  placeAcross,
  placeAtOnce,
  receive,
  receiveAtOnce,
  removeIfThere,
  type Digests,
  type Incoming,
} from '../store/incoming.ts';
import { CHECKSUM_HEADERS, CHECKSUMS, type ChecksumName } from '../wire/checksum.ts';
import { S3Error } from '../wire/s3-error.ts';
import { answerEmpty, answerXml, writeHead } from './answer.ts';
import { assertMayWrite, isUnchanged, rangeOf, type Conditions, type Present } from './conditions.ts';
import { bodyOf, decodePath, headerOf, keptHeaders, type Body, type S3Request } from './request.ts';

/** Where objects are kept beside the buckets' own folders. */
export interface ObjectTools {
  buckets: ReadonlyMap<string, Bucket>;
  attributes: AttributeFile;
  /** Folder of what is on its way. */
  incoming: string;
}

export type Objects = ReturnType<typeof createObjects>;

/** The objects of the buckets, for the requests below. One key is written by one request at a time. */
export function createObjects(tools: ObjectTools) {
  const { attributes } = tools;
  const turns = new Map<string, { turn: Turn; users: number }>();

  async function inTurn<T>(name: string, work: () => Promise<T>): Promise<T> {
    const entry = turns.get(name) ?? { turn: createTurn(), users: 0 };
    turns.set(name, entry);
    entry.users++;
    try {
      return await entry.turn(work);
    } finally {
      if (--entry.users === 0) turns.delete(name);
    }
  }

  function find(bucket: Bucket, key: string): { file: string; look: Stats; said: Attributes } {
    const { file, look } = fileOf(bucket, key);
    return { file, look, said: attributes.of(nameOf(bucket, key), look) };
  }

  function presentOf(bucket: Bucket, key: string): Present {
    try {
      const { look, said } = find(bucket, key);
      return { etag: said.etag, modified: look.mtime };
    } catch (error) {
      if (error instanceof S3Error && error.code === 'NoSuchKey') return null;
      throw error;
    }
  }

  /** Gives what came its name, if the conditions hold, and notes what is said of it. */
  async function settle(
    { bucket, key, conditions }: { bucket: Bucket; key: string; conditions: Conditions },
    came: Pick<Incoming, 'file' | 'look'>,
    said: Attributes,
  ): Promise<void> {
    const { file: target } = placeOf(bucket, key);
    const name = nameOf(bucket, key);
    const isAsked = conditions.ifMatch !== null || conditions.ifNoneMatch !== null;
    const place = () => {
      const fresh = isAsked && assertMayWrite(conditions, presentOf(bucket, key));
      return { fresh, look: placeAtOnce(came, target, { fresh }) };
    };
    // What does not wait is a turn in itself.
    const placed = turns.has(name) ? null : place();
    if (placed !== null && placed.look !== null) return attributes.note(name, placed.look, said);
    await inTurn(name, async () => {
      const { fresh, look } = place();
      attributes.note(name, look ?? (await placeAcross(came, target, { fresh })), said);
    });
  }

  return { ...tools, find, settle, inTurn };
}

export async function getObject(by: Objects, request: S3Request): Promise<void> {
  const { response, method, key, query } = request;
  const { file, look, said } = by.find(bucketOf(request), key);
  const headers = headersOf(look, said);
  for (const [name, value] of query) {
    const header = /^response-(content-(?:type|disposition|encoding|language)|cache-control|expires)$/.exec(
      name,
    );
    if (header?.[1] !== undefined) headers[header[1]] = value;
  }
  if (isUnchanged(conditionsOf(request), { etag: said.etag, modified: look.mtime }))
    return answerEmpty(response, 304, { etag: headers['etag'] ?? '' });
  const size = look.isDirectory() ? 0 : look.size;
  const range = rangeOf(headerOf(request, 'range'), size);
  if (range === null && headerOf(request, 'x-amz-checksum-mode')?.toUpperCase() === 'ENABLED')
    Object.assign(headers, checksumHeaders(said));
  const { from, to } = range ?? { from: 0, to: size - 1 };
  headers['content-length'] = String(to - from + 1);
  if (range !== null) headers['content-range'] = `bytes ${from}-${to}/${size}`;
  writeHead(response, range === null ? 200 : 206, headers);
  if (method === 'HEAD' || size === 0) return void response.end();
  if (to - from < SMALL_READ) return void response.end(readAtOnce(file, { from, to }));
  await pipeline(createReadStream(file, { start: from, end: to, highWaterMark: 1 << 20 }), response);
}

/** So many bytes are read at once. */
const SMALL_READ = 64 * 1024;

/** Throws where it has fewer bytes by now: the answer, of which the head may be sent, breaks off. */
function readAtOnce(file: string, { from, to }: { from: number; to: number }): Buffer {
  const bytes = Buffer.allocUnsafe(to - from + 1);
  const descriptor = openSync(file, 'r');
  try {
    for (let at = 0; at < bytes.length;) {
      const count = readSync(descriptor, bytes, at, bytes.length - at, from + at);
      if (count === 0) throw new Error(`${file} became shorter`);
      at += count;
    }
    return bytes;
  } finally {
    closeSync(descriptor);
  }
}

export async function putObject(by: Objects, request: S3Request): Promise<void> {
  const { key, response } = request;
  const bucket = bucketOf(request);
  const { isFolder, file: target } = placeOf(bucket, key);
  const came = await take(bodyOf(request), by.incoming);
  if (isFolder) {
    await removeIfThere(came.file);
    if (came.bytes > 0) throw new S3Error('InvalidArgument', 'a key that ends in a slash is a folder');
    await mkdir(target, { recursive: true });
    return answerEmpty(response, 200, { etag: `"${came.md5}"` });
  }
  const said: Attributes = {
    etag: came.md5,
    contentType: headerOf(request, 'content-type'),
    headers: keptHeaders(request),
    checksums: came.checksums,
    checksumType: 'FULL_OBJECT',
  };
  await kept(came.file, () => by.settle({ bucket, key, conditions: conditionsOf(request) }, came, said));
  answerEmpty(response, 200, { etag: `"${said.etag}"`, ...checksumHeaders(said) });
}

/** Of an object that is there; what is said of it comes along, unless the request says other things. */
export async function copyObject(by: Objects, request: S3Request): Promise<void> {
  const { key, response } = request;
  const bucket = bucketOf(request);
  placeOf(bucket, key);
  const source = copySource(by, request);
  const replaces = headerOf(request, 'x-amz-metadata-directive')?.toUpperCase() === 'REPLACE';
  const came = await receive(by.incoming, createReadStream(source.file, { highWaterMark: 1 << 20 }), {
    checksums: [],
    sha256: false,
  });
  const said: Attributes = {
    ...source.said,
    etag: came.md5,
    ...(replaces && { contentType: headerOf(request, 'content-type'), headers: keptHeaders(request) }),
  };
  await kept(came.file, () => by.settle({ bucket, key, conditions: conditionsOf(request) }, came, said));
  answerXml(response, 'CopyObjectResult', [
    ['LastModified', new Date().toISOString()],
    ['ETag', `"${said.etag}"`],
  ]);
}

/** What `x-amz-copy-source` names, if its conditions hold. */
export function copySource(by: Objects, request: S3Request): { file: string; look: Stats; said: Attributes } {
  const text = decodePath((headerOf(request, 'x-amz-copy-source') ?? '').split('?')[0] ?? '').replace(
    /^\//,
    '',
  );
  const at = text.indexOf('/');
  const bucket = by.buckets.get(text.slice(0, at));
  if (at < 1 || bucket === undefined) throw new S3Error('NoSuchBucket');
  const source = by.find(bucket, text.slice(at + 1));
  const of = (name: string) => headerOf(request, `x-amz-copy-source-if-${name}`);
  const conditions = {
    ifMatch: of('match'),
    ifNoneMatch: of('none-match'),
    ifModifiedSince: of('modified-since'),
    ifUnmodifiedSince: of('unmodified-since'),
  };
  const isKnown = isUnchanged(conditions, { etag: source.said.etag, modified: source.look.mtime });
  if (isKnown) throw new S3Error('PreconditionFailed');
  return source;
}

/** Deleting what is not there is no mistake. Folders in which nothing is left go, too. */
export async function removeObject(by: Objects, bucket: Bucket, key: string): Promise<void> {
  const { file, isFolder } = placeOf(bucket, key);
  await by.inTurn(nameOf(bucket, key), async () => {
    try {
      await ifThere(isFolder ? rmdir(file) : unlink(file));
    } catch (error) {
      const code = systemErrorCode(error);
      if (!['EISDIR', 'EPERM', 'ENOTEMPTY'].includes(code ?? '')) throw error;
    }
  });
  const root = join(bucket.folder, bucket.writable ?? '');
  for (
    let folder = dirname(file);
    folder.length > root.length && folder.startsWith(root);
    folder = dirname(folder)
  ) {
    if (((await ifThere(readdir(folder))) ?? []).length > 0) break;
    await rmdir(folder).catch(() => undefined);
  }
}

/** The body in a file of its own, if it is what was said of it. */
export async function take(body: Body, incoming: string): Promise<Incoming> {
  const options = { checksums: body.asked, sha256: body.sha256 !== null };
  if (body.small !== null) {
    const content = await body.small();
    const digests = digestsOf(content, options);
    const mistake = mistakeIn(digests, body);
    if (mistake !== null) throw mistake;
    return receiveAtOnce(incoming, content, digests);
  }
  const came = await receive(incoming, body.content, options);
  const mistake = mistakeIn(came, body);
  if (mistake === null) return came;
  await removeIfThere(came.file);
  throw mistake;
}

function mistakeIn(came: Digests, body: Body): S3Error | null {
  if (body.sha256 !== null && came.sha256 !== body.sha256) return new S3Error('XAmzContentSHA256Mismatch');
  if (body.md5 !== null && Buffer.from(came.md5, 'hex').toString('base64') !== body.md5)
    return new S3Error('BadDigest');
  for (const [name, value] of Object.entries(body.expected()))
    if (came.checksums[name as ChecksumName] !== value) return new S3Error('BadDigest');
  return null;
}

/** What failed leaves nothing of what came. */
export async function kept<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    await removeIfThere(file);
    throw error;
  }
}

export function bucketOf({ bucket }: S3Request): Bucket {
  if (bucket === null) throw new S3Error('MethodNotAllowed');
  return bucket;
}

export function nameOf(bucket: Bucket, key: string): string {
  return `${bucket.name}/${key}`;
}

export function conditionsOf(request: S3Request): Conditions {
  return {
    ifMatch: headerOf(request, 'if-match'),
    ifNoneMatch: headerOf(request, 'if-none-match'),
    ifModifiedSince: headerOf(request, 'if-modified-since'),
    ifUnmodifiedSince: headerOf(request, 'if-unmodified-since'),
  };
}

function headersOf(look: Stats, said: Attributes): Record<string, string> {
  return {
    'accept-ranges': 'bytes',
    'content-type':
      said.contentType ?? (look.isDirectory() ? 'application/x-directory' : 'binary/octet-stream'),
    'last-modified': look.mtime.toUTCString(),
    ...said.headers,
    etag: `"${said.etag}"`,
  };
}

export function checksumHeaders({ checksums, checksumType }: Attributes): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const name of CHECKSUMS) {
    const value = checksums[name];
    if (value !== undefined) headers[CHECKSUM_HEADERS[name]] = value;
  }
  if (Object.keys(headers).length > 0) headers['x-amz-checksum-type'] = checksumType;
  return headers;
}
