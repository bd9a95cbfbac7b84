import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isBelowFile } from '../../base/io/files-sync.ts';
import { isDiskFull } from '../../base/io/disk-full.ts';
import { systemErrorCode } from '../../errors.ts';
import { openAttributes, type AttributeFile } from '../store/attributes.ts';
import type { Bucket } from '../store/bucket.ts';
import { createUploads } from '../store/uploads.ts';
import { S3Error } from '../wire/s3-error.ts';
import { verify } from '../wire/verify.ts';
import { parseXml, textOf, type Xml } from '../wire/xml.ts';
import { answerEmpty, answerError, answerXml } from './answer.ts';
import { answerList } from './listing.ts';
import {
  abortUpload,
  beginUpload,
  completeUpload,
  copyPart,
  listParts,
  listUploads,
  putPart,
  type UploadTools,
} from './multipart.ts';
import { bucketOf, copyObject, createObjects, getObject, putObject, removeObject } from './objects.ts';
import { decodePath, headerOf, parseTarget, textBody, type S3Request } from './request.ts';

export interface ObjectStoreSettings {
  /** Port of 127.0.0.1. */
  port: number;
  /** The one pair of keys that is let in. */
  accessKey: string;
  secretKey: string;
  buckets: readonly Bucket[];
  /** Folder for uploads that are on their way, and for what files do not say of objects. */
  state: string;
}

/** Connections of clients that pool them. */
const KEEP_ALIVE_MS = 60_000;

/**
 * Serves folders of this machine over S3, on 127.0.0.1. What it lacks (versions, tags, policies, encryption) it says as
 * `NotImplemented`. Objects are the files themselves: what code writes to the folders is seen here, and the other way round.
 *
 * @returns the server, listening
 */
export async function serveObjects(settings: ObjectStoreSettings): Promise<Server> {
  const { handle, close } = await createHandler(settings);
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: 0, noDelay: true });
  server.once('close', close);
  server.on('request', (raw, response) => void handle(raw, response));
  // Whether a body is wanted is known when the signature was read.
  server.on('checkContinue', (raw, response) => void handle(raw, response));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(settings.port, '127.0.0.1', resolve);
  });
  return server;
}

async function createHandler(settings: ObjectStoreSettings) {
  const { state, accessKey, secretKey } = settings;
  const buckets = new Map(settings.buckets.map((bucket) => [bucket.name, bucket]));
  const incoming = join(state, 'incoming');
  await mkdir(incoming, { recursive: true, mode: 0o700 });
  // Of a process that was killed: nobody goes on with it.
  for (const name of await readdir(incoming)) await rm(join(incoming, name), { force: true });
  for (const { folder } of settings.buckets) await mkdir(folder, { recursive: true, mode: 0o700 });
  const attributes = await openAttributes(join(state, 'attributes.jsonl'));
  const objects = createObjects({ buckets, attributes, incoming });
  const uploads = createUploads(join(state, 'uploads'));
  const serving: Serving = { buckets, attributes, objects, uploads, incoming };

  /** Lets a request in, or throws. */
  function admit(raw: IncomingMessage, response: ServerResponse): S3Request {
    const { path, query } = parseTarget(raw.url ?? '/');
    const method = raw.method ?? 'GET';
    const decoded = decodePath(path).slice(1);
    const asked = { method, path, query, headers: raw.headers };
    const caller = verify(asked, (key) => (key === accessKey ? secretKey : null), new Date());
    const at = decoded.indexOf('/');
    const name = at < 0 ? decoded : decoded.slice(0, at);
    const bucket = buckets.get(name) ?? null;
    if (name !== '' && bucket === null) throw new S3Error('NoSuchBucket');
    const key = at < 0 ? '' : decoded.slice(at + 1);
    return { raw, response, method, bucket, key, query: new Map(query), caller };
  }

  const handle = async (raw: IncomingMessage, response: ServerResponse): Promise<void> => {
    try {
      const request = admit(raw, response);
      if (raw.headers.expect?.toLowerCase() === '100-continue') response.writeContinue();
      await route(serving, request);
    } catch (error) {
      if (response.headersSent || response.destroyed) return void response.destroy();
      // What is left of a body is not waited for.
      if (!raw.complete) response.setHeader('connection', 'close');
      const resource = (raw.url ?? '').split('?')[0] ?? '';
      answerError(response, s3Error(error), { method: raw.method ?? '', resource });
    }
  };
  return { handle, close: () => attributes.close() };
}

/** What requests are answered with. */
interface Serving extends UploadTools {
  buckets: ReadonlyMap<string, Bucket>;
  attributes: AttributeFile;
}

/** Does what is asked. */
async function route(by: Serving, request: S3Request): Promise<void> {
  const { method, bucket, key, query, response } = request;
  if (bucket === null) {
    if (method !== 'GET') throw new S3Error('MethodNotAllowed');
    return answerXml(response, 'ListAllMyBucketsResult', allBuckets([...by.buckets.values()]));
  }
  const action = `${method} ${key === '' ? 'bucket' : 'object'}`;
  const has = (name: string) => query.has(name);
  switch (action) {
    case 'HEAD bucket':
      return answerEmpty(response, 200, { 'x-amz-bucket-region': request.caller.scope.region });
    case 'GET bucket':
      if (has('uploads')) return listUploads(by, request);
      if (has('location')) return answerXml(response, 'LocationConstraint', []);
      if (has('versioning')) return answerXml(response, 'VersioningConfiguration', []);
      refuseMore(query, [
        'acl',
        'policy',
        'versions',
        'lifecycle',
        'cors',
        'tagging',
        'encryption',
        'object-lock',
      ]);
      return answerList(request, by.attributes);
    case 'PUT bucket':
      // Clients that make it before they write to it (rclone) go on then.
      if (query.size === 0) throw new S3Error('BucketAlreadyOwnedByYou');
      throw new S3Error('NotImplemented');
    case 'DELETE bucket':
      throw new S3Error('AccessDenied', 'buckets are the folders of the project, and stay');
    case 'POST bucket':
      if (!has('delete')) throw new S3Error('NotImplemented');
      return removeMany(by, request);
    case 'HEAD object':
    case 'GET object':
      if (has('uploadId')) return listParts(by, request);
      if (has('tagging')) return answerXml(response, 'Tagging', [['TagSet', []]]);
      refuseMore(query, ['acl', 'attributes', 'torrent', 'retention', 'legal-hold', 'versionId']);
      return getObject(by.objects, request);
    case 'PUT object': {
      const isCopy = headerOf(request, 'x-amz-copy-source') !== null;
      if (has('partNumber')) return isCopy ? copyPart(by, request) : putPart(by, request);
      refuseMore(query, ['acl', 'tagging', 'retention', 'legal-hold']);
      return isCopy ? copyObject(by.objects, request) : putObject(by.objects, request);
    }
    case 'POST object':
      if (has('uploads')) return beginUpload(by, request);
      if (has('uploadId')) return completeUpload(by, request);
      throw new S3Error('NotImplemented');
    case 'DELETE object':
      if (has('uploadId')) return abortUpload(by, request);
      refuseMore(query, ['tagging']);
      await removeObject(by.objects, bucket, key);
      return answerEmpty(response, 204);
    default:
      throw new S3Error('MethodNotAllowed');
  }
}

async function removeMany(by: Serving, request: S3Request): Promise<void> {
  const root = parseXml(await textBody(request));
  const keys = root.children.filter(({ name }) => name === 'Object').map((each) => textOf(each, 'Key') ?? '');
  if (keys.length === 0 || keys.length > 1000)
    throw new S3Error('MalformedXML', 'from 1 to 1000 keys at once');
  const isQuiet = textOf(root, 'Quiet') === 'true';
  const said: Xml[] = [];
  for (const key of keys) {
    try {
      await removeObject(by.objects, bucketOf(request), key);
      if (!isQuiet) said.push(['Deleted', [['Key', key]]]);
    } catch (error) {
      const { code, message } = s3Error(error);
      said.push([
        'Error',
        [
          ['Key', key],
          ['Code', code],
          ['Message', message],
        ],
      ]);
    }
  }
  answerXml(request.response, 'DeleteResult', said);
}

function refuseMore(query: ReadonlyMap<string, string>, names: readonly string[]): void {
  const asked = query.size === 0 ? undefined : names.find((name) => query.has(name));
  if (asked !== undefined) throw new S3Error('NotImplemented', `aichor’s object storage has no ${asked}`);
}

function s3Error(error: unknown): S3Error {
  if (error instanceof S3Error) return error;
  if (isDiskFull(error)) return new S3Error('InsufficientStorage');
  const code = systemErrorCode(error);
  if (code === 'EACCES' || code === 'EPERM') return new S3Error('AccessDenied');
  if (code === 'ENAMETOOLONG') return new S3Error('KeyTooLongError');
  if (isBelowFile(error) || code === 'EISDIR') return new S3Error('KeyIsTaken');
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return new S3Error('InternalError');
}

function allBuckets(buckets: readonly Bucket[]): Xml[] {
  return [
    ['Owner', [['ID', 'aichor']]],
    [
      'Buckets',
      buckets.map(({ name }): Xml => [
        'Bucket',
        [
          ['Name', name],
          ['CreationDate', new Date(0).toISOString()],
        ],
      ]),
    ],
  ];
}
