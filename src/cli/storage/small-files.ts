import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { dirname } from 'node:path';
import { NOTHING_AT } from '../../api/nothing-at.ts';
import type { StorageQueryInput } from '../../api/storage-contract.ts';
import { eachAtMost } from '../../base/async/at-most.ts';
import { bytesOnTheWay, readSmallFiles, writeSmallHead } from '../../base/http/small-files.ts';
import { isAbsent, makeFolderSync } from '../../base/io/files-sync.ts';
import { placeSync } from '../../base/io/place.ts';
import type { Client } from '../../client/client.ts';
import { isAichorError } from '../../errors.ts';
import type { Fetching } from './fetch-file.ts';
import { changedMeanwhile, type LocalFile } from './local-files.ts';
import { BrokenOff, patiently } from './patience.ts';
import type { TransferProgress } from './progress.ts';

/** Small files go many in a request: of one by itself the request would cost more than all the rest. */
const MOST_FILES = 512;
const MOST_BYTES = 4 * 1024 * 1024;
/** One is put together, or taken apart, while the other is under way. */
const REQUESTS = 2;

export interface SmallTransfer<File> {
  query: StorageQueryInput;
  /** None larger than `SMALL_FILE`. */
  files: readonly File[];
  /** Files at a time. */
  concurrency: number;
  progress: TransferProgress;
  signal: AbortSignal | undefined;
}

/** Sends files, each of which appears whole. Returns those that have to be sent one by one: an older server takes no others. */
export async function sendSmall(
  client: Client,
  { query, files, concurrency, progress, signal }: SmallTransfer<LocalFile>,
): Promise<readonly LocalFile[]> {
  const left: LocalFile[] = [];
  const requests = Math.min(REQUESTS, concurrency);
  const at_a_time = Math.ceil(concurrency / requests);
  let isOlder = false;
  await eachAtMost(requests, batchesOf(files), async (batch) => {
    if (isOlder) return void left.push(...batch);
    const packed = packedOf(batch);
    try {
      await patiently(() => client.sendSmall({ ...query, at_a_time }, packed), { signal });
    } catch (error) {
      if (!mayBeOlder(error)) throw error;
      isOlder = true;
      return void left.push(...batch);
    }
    for (const { bytes } of batch) tell(progress, bytes);
  });
  return left;
}

/** Fetches files as `fetchFile` does. Returns those that have to be fetched by themselves, for whatever reason. */
export async function fetchSmall(
  client: Client,
  { query, files, concurrency, progress, signal }: SmallTransfer<Fetching>,
): Promise<readonly Fetching[]> {
  const { path: _, ...whose } = query;
  const left: Fetching[] = [];
  const requests = Math.min(REQUESTS, concurrency);
  const at_a_time = Math.ceil(concurrency / requests);
  const folders = new Set<string>();
  const batches = batchesOf(files.map((each) => ({ ...each.file, each })));
  let isOlder = false;
  await eachAtMost(requests, batches, async (batch) => {
    if (isOlder) return void left.push(...batch.map(({ each }) => each));
    const missing = new Map(batch.map(({ path, each }) => [path, each]));
    const goOn = async () => {
      const paths = [...missing.keys()];
      for await (const { path, content } of incoming(client, { ...whose, at_a_time, paths })) {
        const fetching = missing.get(path);
        if (fetching === undefined) continue;
        if (content === null) left.push(fetching);
        else placeSmall(fetching, content, folders);
        missing.delete(path);
        if (content !== null) tell(progress, fetching.file.bytes);
      }
      if (missing.size > 0) throw new BrokenOff('not all of the files came');
    };
    try {
      await patiently(goOn, { signal, progress: () => missing.size });
    } catch (error) {
      if (!mayBeOlder(error)) throw error;
      isOlder = true;
      left.push(...missing.values());
    }
  });
  return left;
}

function tell(progress: TransferProgress, bytes: number): void {
  progress.moved(bytes);
  progress.done();
}

async function* incoming(client: Client, wanted: Parameters<Client['smallFiles']>[0]) {
  const packed = await client.smallFiles(wanted);
  try {
    yield* readSmallFiles(packed);
  } catch (cause) {
    throw new BrokenOff('what was sent broke off', { cause });
  }
}

/** @param folders those that are known to be there */
function placeSmall({ file, place }: Fetching, content: Uint8Array, folders: Set<string>): void {
  const folder = dirname(place);
  if (!folders.has(folder)) makeFolderSync(folder);
  folders.add(folder);
  placeSync(place, content, { mode: 0o666 & ~process.umask(), modified: new Date(file.modified_at) });
}

function batchesOf<File extends { bytes: number }>(files: readonly File[]): File[][] {
  const batches: File[][] = [];
  let bytes = Infinity;
  for (const file of files) {
    bytes += file.bytes;
    const last = batches.at(-1);
    if (last !== undefined && last.length < MOST_FILES && bytes <= MOST_BYTES) last.push(file);
    else {
      batches.push([file]);
      ({ bytes } = file);
    }
  }
  return batches;
}

/** As they are now, all in one. Throws AichorError `conflict` when one is not what it was. */
function packedOf(files: readonly LocalFile[]): Buffer {
  const size = files.reduce((sum, { path, bytes }) => sum + bytesOnTheWay(path, bytes), 0);
  const packed = Buffer.allocUnsafe(size);
  let at = 0;
  for (const file of files) {
    at = writeSmallHead(packed, at, file);
    readWhole(file, packed.subarray(at, at + file.bytes));
    at += file.bytes;
  }
  return packed;
}

function readWhole(file: LocalFile, into: Buffer): void {
  const descriptor = openAgain(file);
  try {
    let count = 0;
    for (let some = -1; count < into.length && some !== 0; count += some)
      some = readSync(descriptor, into, count, into.length - count, null);
    const { size, mtimeMs } = fstatSync(descriptor);
    if (count !== file.bytes || size !== file.bytes || mtimeMs !== file.modified)
      throw changedMeanwhile(file.place);
  } finally {
    closeSync(descriptor);
  }
}

/** A pipe that took its place blocks nobody. */
function openAgain({ place }: LocalFile): number {
  try {
    return openSync(place, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    throw isAbsent(error) ? changedMeanwhile(place) : error;
  }
}

/**
 * Whether the server may be one that moves each file by itself. An older one of a team answers a key that is no admin's `forbidden`
 * for what it does not have; who really must not is told so of the first file.
 */
function mayBeOlder(error: unknown): boolean {
  if (!isAichorError(error)) return false;
  return error.code === 'forbidden' || (error.code === 'not_found' && error.message.startsWith(NOTHING_AT));
}
