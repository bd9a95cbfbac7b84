import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { document, parseXml, textOf } from '../wire/xml.ts';
import type { ObjectAccess } from './access.ts';
import { readerOf, type ObjectReader } from './object-reader.ts';
import {
  bytesOf,
  codeIn,
  drop,
  ObjectStoreError,
  openRequests,
  refusal,
  type ObjectRequests,
  type BucketOpening,
} from './requests.ts';

/** A part that the store has. */
export interface StoredPart {
  /** From 1 on. */
  number: number;
  etag: string;
  bytes: number;
}

/** Reads and writes one bucket. What is thrown: ObjectStoreError, the signal's reason, or an error with the system's code. */
export interface ObjectBucket extends ObjectReader {
  /** Its bytes from there on, as they come; with `etag` only if it has that still. Null: it is not there, or is another one. */
  open(
    key: string,
    at: { start: number; etag: string | null },
    signal: AbortSignal,
  ): Promise<Readable | null>;
  /** Bytes, ETag and time of an object; null: it is not there. */
  look(key: string, signal: AbortSignal): Promise<{ bytes: number; etag: string; modifiedAt: Date } | null>;
  /** Puts an object; of a stream, exactly so many bytes. */
  put(
    key: string,
    body: Uint8Array | { content: Readable; bytes: number },
    signal: AbortSignal,
  ): Promise<void>;
  /** Removes objects, also those that are not there. */
  remove(keys: readonly string[], signal: AbortSignal): Promise<void>;
  /** Begins an object of parts, and says its id. */
  begin(key: string, signal: AbortSignal): Promise<string>;
  putPart(
    of: { key: string; upload: string; number: number },
    body: { content: Readable; bytes: number },
    signal: AbortSignal,
  ): Promise<void>;
  /** The parts that are there; null: there is no such upload (any longer). */
  parts(of: { key: string; upload: string }, signal: AbortSignal): Promise<StoredPart[] | null>;
  complete(
    of: { key: string; upload: string; parts: readonly StoredPart[] },
    signal: AbortSignal,
  ): Promise<void>;
  abandon(of: { key: string; upload: string }, signal: AbortSignal): Promise<void>;
}

const LONGEST_ANSWER = 4 * 1024 * 1024;
/** Of one request, says S3. */
const MOST_REMOVED = 1000;

/** Sends nothing yet. */
export function openObjectBucket(access: ObjectAccess, opening: BucketOpening): ObjectBucket {
  const requests = openRequests(access, opening);
  return { ...readerOf(requests), ...contentsBy(requests), ...partsBy(requests) };
}

function contentsBy(requests: ObjectRequests): Pick<ObjectBucket, 'open' | 'look' | 'put' | 'remove'> {
  const removeOne = async (key: string, signal: AbortSignal) =>
    drop(await requests.expect({ method: 'DELETE', key, signal }, [200, 204, 404]));
  return {
    async open(key, { start, etag }, signal) {
      const headers = {
        ...(start > 0 && { range: `bytes=${start}-` }),
        ...(etag !== null && { 'if-match': etag }),
      };
      const answer = await requests.send({ key, headers, signal });
      if (answer.status === (start > 0 ? 206 : 200)) return answer.body;
      const refused = await refusal(answer);
      const isOther = refused.status === 412 || refused.status === 416;
      if (isOther || (refused.status === 404 && refused.code !== 'NoSuchBucket')) return null;
      throw refused.status < 300 ? new ObjectStoreError(refused.status, 'NoRanges') : refused;
    },
    async look(key, signal) {
      const answer = await requests.expect({ method: 'HEAD', key, signal }, [200, 404]);
      drop(answer);
      if (answer.status === 404) return null;
      const { 'content-length': bytes, etag, 'last-modified': modified } = answer.headers;
      return { bytes: Number(bytes), etag: String(etag ?? ''), modifiedAt: new Date(String(modified)) };
    },
    async put(key, body, signal) {
      drop(await requests.expect({ method: 'PUT', key, body, signal }, [200]));
    },
    async remove(keys, signal) {
      for (let at = 0; at < keys.length; at += MOST_REMOVED) {
        const some = keys.slice(at, at + MOST_REMOVED);
        const body = Buffer.from(
          document('Delete', [['Quiet', 'true'], ...some.map((key) => ['Object', [['Key', key]]] as const)]),
        );
        const md5 = createHash('md5').update(body).digest('base64');
        const headers = { 'content-md5': md5, 'content-type': 'application/xml' };
        const query = [['delete', '']] as const;
        const answer = await requests.send({
          method: 'POST',
          key: '',
          query: [...query],
          headers,
          body,
          signal,
        });
        if (answer.status === 200) {
          const text = (await bytesOf(answer.body, LONGEST_ANSWER)).toString('utf8');
          if (text.includes('<Error>')) throw new ObjectStoreError(403, codeIn(text));
          continue;
        }
        const refused = await refusal(answer);
        // Some stores remove only one at a time.
        if (refused.status !== 400 && refused.status !== 405 && refused.status !== 501) throw refused;
        for (const key of some) await removeOne(key, signal);
      }
    },
  };
}

function partsBy(
  requests: ObjectRequests,
): Pick<ObjectBucket, 'begin' | 'putPart' | 'parts' | 'complete' | 'abandon'> {
  return {
    async begin(key, signal) {
      const answer = await requests.expect({ method: 'POST', key, query: [['uploads', '']], signal }, [200]);
      const upload = textOf(parseXml((await bytesOf(answer.body, LONGEST_ANSWER)).toString()), 'UploadId');
      if (upload === null || upload === '') throw new ObjectStoreError(502, 'MalformedXML');
      return upload;
    },
    async putPart({ key, upload, number }, body, signal) {
      const query = [['partNumber', String(number)] as const, ['uploadId', upload] as const];
      drop(await requests.expect({ method: 'PUT', key, query, body, signal }, [200]));
    },
    async parts({ key, upload }, signal) {
      const found: StoredPart[] = [];
      for (let after = '0'; ;) {
        const query = [['part-number-marker', after] as const, ['uploadId', upload] as const];
        const answer = await requests.expect({ key, query, signal }, [200, 404]);
        if (answer.status === 404) {
          drop(answer);
          return null;
        }
        const root = parseXml((await bytesOf(answer.body, LONGEST_ANSWER)).toString());
        for (const part of root.children.filter(({ name }) => name === 'Part'))
          found.push({
            number: Number(textOf(part, 'PartNumber')),
            etag: textOf(part, 'ETag') ?? '',
            bytes: Number(textOf(part, 'Size')),
          });
        const next = textOf(root, 'NextPartNumberMarker');
        if (textOf(root, 'IsTruncated') !== 'true' || next === null || next === after) return found;
        after = next;
      }
    },
    async complete({ key, upload, parts }, signal) {
      const body = Buffer.from(
        document(
          'CompleteMultipartUpload',
          parts.map(
            ({ number, etag }) =>
              [
                'Part',
                [
                  ['PartNumber', String(number)],
                  ['ETag', etag],
                ],
              ] as const,
          ),
        ),
      );
      const request = { method: 'POST', key, query: [['uploadId', upload] as const], body, signal } as const;
      const answer = await requests.expect(request, [200]);
      const text = (await bytesOf(answer.body, LONGEST_ANSWER)).toString('utf8');
      // It begins to answer before it has done it.
      if (text.includes('<Error>')) throw new ObjectStoreError(500, codeIn(text));
    },
    async abandon({ key, upload }, signal) {
      const query = [['uploadId', upload] as const];
      drop(await requests.expect({ method: 'DELETE', key, query, signal }, [200, 204, 404]));
    },
  };
}
