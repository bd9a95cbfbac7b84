import type { AttributeFile } from '../store/attributes.ts';
import { listBucket } from '../store/list.ts';
import { S3Error } from '../wire/s3-error.ts';
import { encode } from '../wire/signature.ts';
import type { Xml } from '../wire/xml.ts';
import { answerXml } from './answer.ts';
import { bucketOf, nameOf } from './objects.ts';
import type { S3Request } from './request.ts';

const MOST_KEYS = 1000;

/** `ListObjectsV2`, and the older form that some clients still ask for. */
export async function answerList(request: S3Request, attributes: AttributeFile): Promise<void> {
  const { query, response } = request;
  const bucket = bucketOf(request);
  const isNew = query.get('list-type') === '2';
  const encoding = query.get('encoding-type');
  const written = (text: string) => (encoding === 'url' ? encode(text).replaceAll('%2F', '/') : text);
  const most = Math.min(wholeNumber(query.get('max-keys'), MOST_KEYS), MOST_KEYS);
  const token = query.get('continuation-token');
  const after = isNew
    ? token === undefined
      ? query.get('start-after')
      : fromToken(token)
    : query.get('marker');
  const asked = {
    prefix: query.get('prefix') ?? '',
    delimiter: query.get('delimiter') ?? '',
    after: after ?? '',
    most,
  };
  const { objects, prefixes, next } = await listBucket(bucket, asked);
  const paging: Xml[] = isNew
    ? [
        ['KeyCount', String(objects.length + prefixes.length)],
        ...optional('StartAfter', query.get('start-after'), written),
        ...optional('ContinuationToken', token, (text) => text),
        ...optional('NextContinuationToken', next, toToken),
      ]
    : [['Marker', written(asked.after)], ...optional('NextMarker', next, written)];
  answerXml(response, 'ListBucketResult', [
    ['Name', bucket.name],
    ['Prefix', written(asked.prefix)],
    ...(asked.delimiter === '' ? [] : [['Delimiter', written(asked.delimiter)] as const]),
    ['MaxKeys', String(most)],
    ...optional('EncodingType', encoding, (text) => text),
    ['IsTruncated', String(next !== null)],
    ...paging,
    ...objects.map(({ key, stat }): Xml => [
      'Contents',
      [
        ['Key', written(key)],
        ['LastModified', stat.mtime.toISOString()],
        ['ETag', `"${attributes.of(nameOf(bucket, key), stat).etag}"`],
        ['Size', String(stat.isDirectory() ? 0 : stat.size)],
        ['StorageClass', 'STANDARD'],
      ],
    ]),
    ...prefixes.map((prefix): Xml => ['CommonPrefixes', [['Prefix', written(prefix)]]]),
  ]);
}

function optional(name: string, value: string | null | undefined, write: (text: string) => string): Xml[] {
  return value === null || value === undefined ? [] : [[name, write(value)]];
}

function wholeNumber(text: string | undefined, standard: number): number {
  if (text === undefined) return standard;
  if (!/^\d{1,9}$/.test(text)) throw new S3Error('InvalidArgument', 'max-keys is a number');
  return Number(text);
}

function toToken(key: string): string {
  return Buffer.from(key).toString('base64url');
}

function fromToken(token: string): string {
  return Buffer.from(token, 'base64url').toString('utf8');
}
