import type { ObjectAccess } from './access.ts';
import { parseListPage, type ListPage } from './list-answer.ts';
import {
  bytesOf,
  openRequests,
  refusal,
  type ObjectQuery,
  type ObjectRequests,
  type BucketOpening,
} from './requests.ts';

/** Reads one bucket. What is thrown: ObjectStoreError, the signal's reason, or an error with the system's code. */
export interface ObjectReader {
  list(prefix: string, after: string | null, signal: AbortSignal): Promise<ListPage>;
  /** At most `length` bytes from `start` on; fewer: it ends there. Null: it is not there, or ends before. */
  read(key: string, range: { start: number; length: number }, signal: AbortSignal): Promise<Buffer | null>;
}

/** A list of a thousand names of the greatest length. */
const LONGEST_LIST = 8 * 1024 * 1024;

/** Sends nothing yet. */
export function openObjectReader(access: ObjectAccess, opening: BucketOpening): ObjectReader {
  return readerOf(openRequests(access, opening));
}

/** Reads by these requests. */
export function readerOf(requests: ObjectRequests): ObjectReader {
  return {
    async list(prefix, after, signal) {
      const query: ObjectQuery = [
        ...(after === null ? [] : [['continuation-token', after] as const]),
        ['encoding-type', 'url'],
        ['list-type', '2'],
        ['prefix', prefix],
      ];
      const answer = await requests.expect({ key: '', query, signal }, [200]);
      return parseListPage((await bytesOf(answer.body, LONGEST_LIST)).toString('utf8'));
    },
    async read(key, { start, length }, signal) {
      const range = `bytes=${start}-${start + length - 1}`;
      const answer = await requests.send({ key, headers: { range }, signal });
      if (answer.status === 206) return bytesOf(answer.body, length);
      const isWhole = answer.status === 200 && start === 0;
      if (isWhole) return bytesOf(answer.body, length);
      const refused = await refusal(answer);
      const isGone = refused.status === 404 && refused.code !== 'NoSuchBucket';
      if (isGone || refused.status === 416) return null;
      throw refused;
    },
  };
}
