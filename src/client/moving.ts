import type { Readable } from 'node:stream';
import type {
  FileSendingInput,
  FilesWantedInput,
  StorageQueryInput,
  Stored,
  StoredMany,
  UploadBeginningInput,
  UploadBegun,
} from '../api/storage-contract.ts';
import { SMALL_FILES_TYPE } from '../base/http/small-files.ts';
import type { Query } from '../base/http/query.ts';
import type { HttpRequest } from './http.ts';

/** Calls that move files to inputs and outputs, and small ones from there. All throw AichorError. */
export interface FileMover {
  /** The open response: small files, packed (`small-files.ts`). */
  smallFiles(wanted: FilesWantedInput): Promise<Readable>;
  /** Sends a file whole. */
  sendFile(sending: FileSendingInput, content: Uint8Array | (() => Readable)): Promise<Stored>;
  /** Sends small files, packed (`small-files.ts`). */
  sendSmall(
    sending: Omit<StorageQueryInput, 'path'> & { at_a_time: number },
    packed: Uint8Array,
  ): Promise<StoredMany>;
  /** Begins a file that is sent in parts, or goes on with it. */
  beginUpload(beginning: UploadBeginningInput): Promise<UploadBegun>;
  sendPart(
    sending: FileSendingInput & { upload: string; number: number },
    content: () => Readable,
  ): Promise<Stored>;
  completeUpload(sending: FileSendingInput & { upload: string }): Promise<Stored>;
}

export function movingBy({
  json,
  open,
  silentMs,
  signal,
}: {
  json: <T>(request: HttpRequest) => Promise<T>;
  open(request: HttpRequest): Promise<Readable>;
  /** Silence after which what is fetched counts as lost. */
  silentMs: number;
  signal: AbortSignal | undefined;
}): FileMover {
  const type = 'application/octet-stream';
  const put = (path: string, query: object, content: Uint8Array | (() => Readable)) =>
    json<Stored>({ method: 'PUT', path, query: asQuery(query), body: { content, type }, signal });
  const uploadAt = (upload: string) => `/storage/uploads/${encodeURIComponent(upload)}`;
  return {
    smallFiles: (wanted) => open({ method: 'POST', path: '/storage/files', json: wanted, silentMs, signal }),
    sendFile: (query, content) => put('/storage/file', query, content),
    sendSmall: (query, content) =>
      json<StoredMany>({
        method: 'PUT',
        path: '/storage/files',
        query: asQuery(query),
        body: { content, type: SMALL_FILES_TYPE },
        signal,
      }),
    beginUpload: (beginning) => json({ method: 'POST', path: '/storage/uploads', json: beginning, signal }),
    sendPart: ({ upload, number, ...query }, content) =>
      put(`${uploadAt(upload)}/parts/${number}`, query, content),
    completeUpload: ({ upload, ...query }) =>
      json({ method: 'POST', path: uploadAt(upload), query: asQuery(query), signal }),
  };
}

/** The wire form of a query: what is not a list, text, number or boolean has no place in one. */
export function asQuery(query: object): Query {
  const entries = Object.entries(query).filter(([, value]) => value !== undefined && value !== null);
  return Object.fromEntries(entries);
}
