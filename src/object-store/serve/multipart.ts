import { createReadStream } from 'node:fs';
import { placeOf, type Bucket } from '../store/bucket.ts';
import { receive } from '../store/incoming.ts';
import { etagOfParts, type UploadStart, type Uploads } from '../store/uploads.ts';
import { CHECKSUMS } from '../wire/checksum.ts';
import { S3Error } from '../wire/s3-error.ts';
import { parseXml, textOf, type Xml } from '../wire/xml.ts';
import { answerEmpty, answerXml } from './answer.ts';
import { bare, rangeOf } from './conditions.ts';
import { bucketOf, checksumHeaders, conditionsOf, copySource, kept, take, type Objects } from './objects.ts';
import { bodyOf, headerOf, keptHeaders, textBody, type S3Request } from './request.ts';

/** What uploads in parts are carried out with. */
export interface UploadTools {
  uploads: Uploads;
  objects: Objects;
  /** Folder of what is on its way. */
  incoming: string;
}

function placeOfRequest(request: S3Request): { bucket: string; key: string } {
  return { bucket: bucketOf(request).name, key: request.key };
}

function idOf({ query }: S3Request): string {
  return query.get('uploadId') ?? '';
}

export async function beginUpload(by: UploadTools, request: S3Request): Promise<void> {
  const { response, key } = request;
  const bucket = bucketOf(request);
  if (placeOf(bucket, key).isFolder) throw new S3Error('InvalidArgument', 'a folder has no parts');
  const algorithm = headerOf(request, 'x-amz-checksum-algorithm')?.toLowerCase() ?? null;
  const checksum = CHECKSUMS.find((name) => name === algorithm) ?? null;
  if (algorithm !== null && checksum === null)
    throw new S3Error('InvalidRequest', 'there is no such checksum');
  const type = headerOf(request, 'x-amz-checksum-type')?.toUpperCase();
  const start: UploadStart = {
    bucket: bucket.name,
    key,
    contentType: headerOf(request, 'content-type'),
    headers: keptHeaders(request),
    checksum,
    checksumType: type === 'FULL_OBJECT' || checksum === 'crc64nvme' ? 'FULL_OBJECT' : 'COMPOSITE',
  };
  const id = await by.uploads.begin(start);
  if (checksum !== null) {
    response.setHeader('x-amz-checksum-algorithm', checksum.toUpperCase());
    response.setHeader('x-amz-checksum-type', start.checksumType);
  }
  answerXml(response, 'InitiateMultipartUploadResult', [
    ['Bucket', bucket.name],
    ['Key', key],
    ['UploadId', id],
  ]);
}

export async function putPart(by: UploadTools, request: S3Request): Promise<void> {
  const { query, response } = request;
  const id = idOf(request);
  const { checksum } = await by.uploads.startOf(id, placeOfRequest(request));
  const number = Number(query.get('partNumber'));
  const body = bodyOf(request);
  if (checksum !== null && !body.asked.includes(checksum)) body.asked.push(checksum);
  const came = await take(body, by.incoming);
  const value = checksum === null ? null : (came.checksums[checksum] ?? null);
  await kept(came.file, () => by.uploads.keep(id, number, { ...came, checksum: value }));
  const headers = Object.entries(came.checksums).map(([name, each]) => [`x-amz-checksum-${name}`, each]);
  answerEmpty(response, 200, {
    etag: `"${came.md5}"`,
    ...(Object.fromEntries(headers) as Record<string, string>),
  });
}

export async function copyPart(by: UploadTools, request: S3Request): Promise<void> {
  const id = idOf(request);
  const { checksum } = await by.uploads.startOf(id, placeOfRequest(request));
  const source = copySource(by.objects, request);
  const range = rangeOf(headerOf(request, 'x-amz-copy-source-range'), source.look.size);
  const content = createReadStream(source.file, { start: range?.from ?? 0, end: range?.to ?? Infinity });
  const came = await receive(by.incoming, content, {
    checksums: checksum === null ? [] : [checksum],
    sha256: false,
  });
  const value = checksum === null ? null : (came.checksums[checksum] ?? null);
  await kept(came.file, () =>
    by.uploads.keep(id, Number(request.query.get('partNumber')), { ...came, checksum: value }),
  );
  answerXml(request.response, 'CopyPartResult', [
    ['LastModified', new Date().toISOString()],
    ['ETag', `"${came.md5}"`],
  ]);
}

export async function completeUpload(by: UploadTools, request: S3Request): Promise<void> {
  const { key, response } = request;
  const bucket = bucketOf(request);
  const asked = partsAsked(await textBody(request));
  const id = idOf(request);
  let etag = etagOfParts(asked.map((part) => part.etag));
  const start = await by.uploads.startOf(id, placeOfRequest(request)).catch(async (error: unknown) => {
    // Asked again after an answer that did not arrive: it is there already.
    if (etagAt(by, bucket, key) === etag) return null;
    throw error;
  });
  if (start !== null) {
    const joined = await by.uploads.join(id, asked, { start, incoming: by.incoming });
    etag = joined.etag;
    const said = {
      etag,
      contentType: start.contentType,
      headers: start.headers,
      checksums:
        start.checksum === null || joined.checksum === null ? {} : { [start.checksum]: joined.checksum },
      checksumType: start.checksumType,
    };
    await kept(joined.file, async () => {
      const expected = start.checksum === null ? null : headerOf(request, `x-amz-checksum-${start.checksum}`);
      if (expected !== null && expected !== joined.checksum) throw new S3Error('BadDigest');
      await by.objects.settle({ bucket, key, conditions: conditionsOf(request) }, joined, said);
    });
    await by.uploads.end(id);
    for (const [name, value] of Object.entries(checksumHeaders(said))) response.setHeader(name, value);
  }
  answerXml(response, 'CompleteMultipartUploadResult', [
    ['Location', `http://${headerOf(request, 'host') ?? ''}/${bucket.name}/${key}`],
    ['Bucket', bucket.name],
    ['Key', key],
    ['ETag', `"${etag}"`],
  ]);
}

/** Null: there is no such object. */
function etagAt({ objects }: UploadTools, bucket: Bucket, key: string): string | null {
  try {
    return objects.find(bucket, key).said.etag;
  } catch {
    return null;
  }
}

export async function abortUpload(by: UploadTools, request: S3Request): Promise<void> {
  await by.uploads.startOf(idOf(request), placeOfRequest(request));
  await by.uploads.end(idOf(request));
  answerEmpty(request.response, 204);
}

export async function listParts(by: UploadTools, request: S3Request): Promise<void> {
  const { query, response, key } = request;
  await by.uploads.startOf(idOf(request), placeOfRequest(request));
  const most = Math.min(Number(query.get('max-parts') ?? 1000) || 1000, 1000);
  const after = Number(query.get('part-number-marker') ?? 0);
  const parts = (await by.uploads.partsOf(idOf(request))).filter(({ number }) => number > after);
  const page = parts.slice(0, most);
  answerXml(response, 'ListPartsResult', [
    ['Bucket', bucketOf(request).name],
    ['Key', key],
    ['UploadId', idOf(request)],
    ['PartNumberMarker', String(after)],
    ['NextPartNumberMarker', String(page.at(-1)?.number ?? 0)],
    ['MaxParts', String(most)],
    ['IsTruncated', String(parts.length > page.length)],
    ...page.map(({ number, etag, bytes, modified }): Xml => [
      'Part',
      [
        ['PartNumber', String(number)],
        ['LastModified', modified.toISOString()],
        ['ETag', `"${etag}"`],
        ['Size', String(bytes)],
      ],
    ]),
  ]);
}

export async function listUploads(by: UploadTools, request: S3Request): Promise<void> {
  const { query, response } = request;
  const { name } = bucketOf(request);
  const prefix = query.get('prefix') ?? '';
  const all = (await by.uploads.list()).filter(
    ({ start }) => start.bucket === name && start.key.startsWith(prefix),
  );
  answerXml(response, 'ListMultipartUploadsResult', [
    ['Bucket', name],
    ['Prefix', prefix],
    ['MaxUploads', '1000'],
    ['IsTruncated', 'false'],
    ...all.slice(0, 1000).map(({ id, start, began }): Xml => [
      'Upload',
      [
        ['Key', start.key],
        ['UploadId', id],
        ['Initiated', began.toISOString()],
        ['StorageClass', 'STANDARD'],
      ],
    ]),
  ]);
}

function partsAsked(text: string): { number: number; etag: string }[] {
  const root = parseXml(text);
  if (root.name !== 'CompleteMultipartUpload') throw new S3Error('MalformedXML');
  return root.children
    .filter(({ name }) => name === 'Part')
    .map((part) => ({ number: Number(textOf(part, 'PartNumber')), etag: bare(textOf(part, 'ETag') ?? '') }));
}
