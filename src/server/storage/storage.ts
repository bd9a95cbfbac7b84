import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import type {
  FileQuery,
  FileSending,
  StorageList,
  StorageQuery,
  Stored,
  UploadBeginning,
  UploadBegun,
} from '../../api/storage-contract.ts';
import { AichorError } from '../../errors.ts';
import type { FilePart } from './files/files.ts';
import { bytesOfPart } from './files/files.ts';
import { beginWithin, completeWithin, takeFile, takePart } from './incoming.ts';
import { fileAt, inside } from './paths.ts';
import { placeOf, untilClosing, type StoredPlace, type StorageReading } from './places.ts';

/** The files below a path, links left out: what they lead to may be anywhere. */
export async function listStorage(by: StorageReading, query: StorageQuery): Promise<StorageList> {
  const path = inside(query.path);
  const place = await placeOf(by, query);
  const files = await place.files.list(path, untilClosing(by));
  if (files === null && path !== '') throw notThere(place, query.path);
  const { kind, project, experiment_id } = place;
  return { kind, project, experiment_id, files: files ?? [] };
}

/** The content of one file, from some byte on. Throws AichorError `conflict` when another one is there than is asked for. */
export async function readStored(by: StorageReading, query: FileQuery): Promise<AsyncIterable<Uint8Array>> {
  const path = inside(query.path);
  const place = await placeOf(by, query);
  const { start, version = null } = query;
  const content = path === '' ? null : await place.files.open(path, { start, version }, untilClosing(by));
  if (content !== null) return content;
  if (version === null && start === 0) throw notThere(place, query.path);
  throw new AichorError('conflict', `${query.path} is another file now, or is gone`, {
    hint: 'ask for it anew',
  });
}

/** Takes a file whole. What was there stays until it has come. Throws AichorError `too_large` when there is no room for it. */
export async function storeFile(
  by: StorageReading,
  sending: FileSending,
  content: Readable,
): Promise<Stored> {
  const { bytes } = sending;
  const path = fileAt(sending.path);
  const place = await placeOf(by, sending);
  const put = (from: Readable) => place.files.put({ path, bytes }, from, untilClosing(by));
  const file = { place, path, bytes };
  await (place.isHere ? takeFile(by, file, (looked) => put(looked(content))) : put(content));
  return { path, bytes };
}

/** Begins a file that is sent in parts, or goes on with it: the same content at the same place is the same upload. */
export async function beginUpload(by: StorageReading, beginning: UploadBeginning): Promise<UploadBegun> {
  const { bytes, content } = beginning;
  const path = fileAt(beginning.path);
  const place = await placeOf(by, beginning);
  const upload = createHash('sha256')
    .update(JSON.stringify([place.address, path, bytes, content]))
    .digest('hex')
    .slice(0, 32);
  const begin = () => place.files.begin(upload, { path, bytes }, untilClosing(by));
  const begun = place.isHere ? beginWithin(by, { place, path, bytes, id: upload }, begin) : begin();
  return { upload, ...(await begun) };
}

/** Takes one part. */
export async function storePart(
  by: StorageReading,
  { upload, number, ...sending }: FileSending & { upload: string; number: number },
  content: Readable,
): Promise<Stored> {
  const part: FilePart = { path: fileAt(sending.path), bytes: sending.bytes, number };
  if (bytesOfPart(number, part.bytes) === 0)
    throw new AichorError('usage', `a file of ${part.bytes} bytes has no part ${number}`);
  const place = await placeOf(by, sending);
  const put = (from: Readable) => place.files.putPart(upload, part, from, untilClosing(by));
  await (place.isHere ? takePart(by, { place, id: upload, ...part }, { content, put }) : put(content));
  return { path: part.path, bytes: bytesOfPart(number, part.bytes) };
}

/** Makes a file of its parts. Throws AichorError `conflict` when one is missing. */
export async function completeUpload(
  by: StorageReading,
  { upload, ...sending }: FileSending & { upload: string },
): Promise<Stored> {
  const file = { path: fileAt(sending.path), bytes: sending.bytes };
  const place = await placeOf(by, sending);
  const complete = () => place.files.complete(upload, file, untilClosing(by));
  await (place.isHere ? completeWithin(by, { place, id: upload, ...file }, complete) : complete());
  return file;
}

function notThere({ kind, project, experiment_id: id }: StoredPlace, path: string): AichorError {
  const whose = id === null ? `the ${kind} of project ${project}` : `the outputs of experiment ${id}`;
  return new AichorError('not_found', `there is no ${path} in ${whose}`, {
    hint: 'aichor storage list shows what there is',
  });
}
