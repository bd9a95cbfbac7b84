import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import type { Stored, StorageList, StorageQueryInput } from '../../api/storage-contract.ts';
import { eachAtMost } from '../../base/async/at-most.ts';
import { SMALL_FILE } from '../../base/http/small-files.ts';
import type { Client } from '../../client/client.ts';
import { AichorError, isAichorError } from '../../errors.ts';
import type { TransferOptions } from './download.ts';
import { changedMeanwhile, type LocalFile } from './local-files.ts';
import { patiently } from './patience.ts';
import { createProgressOf, type TransferProgress } from './progress.ts';
import { sendSmall } from './small-files.ts';

/** What `storage upload` prints. */
export interface Uploaded {
  /** Where they went to. */
  kind: 'inputs' | 'outputs';
  project: string;
  /** Of the experiment to whose outputs they went; null: to the inputs. */
  experiment_id: string | null;
  /** All of them, with the paths that they have there. */
  files: Stored[];
  /** Size of all of them, in bytes. */
  bytes: number;
  /** How many of the files were there already, and not changed here since. */
  unchanged: number;
}

/** Larger files are sent in parts: what came of them is not sent again. */
const LARGE = 64 * 1024 * 1024;
/** Parts of one file at a time. */
const PARTS = 4;

/**
 * Sends files that are not there yet. Each appears whole there.
 *
 * @throws AichorError `conflict` before anything is sent, when one was changed there after it was here
 */
export async function upload(
  client: Client,
  query: StorageQueryInput,
  { files, ...options }: TransferOptions & { files: readonly LocalFile[] },
): Promise<Uploaded> {
  const { concurrency, force, show, signal } = options;
  const there = await listThere(client, query, files);
  const known = new Map(there.files.map((file) => [file.path, file]));
  const isOlder = (file: LocalFile) => file.modified <= Date.parse(known.get(file.path)?.modified_at ?? '');
  const isSame = (file: LocalFile) => known.get(file.path)?.bytes === file.bytes && isOlder(file);
  const missing = force ? [...files] : files.filter((file) => !isSame(file));
  const newer = force ? undefined : missing.find(isOlder);
  if (newer !== undefined)
    throw new AichorError(
      'conflict',
      `${newer.path} is there already, another one, and was written there after ${newer.place} was changed`,
      {
        hint: 'give another folder with --to, or --force to overwrite',
      },
    );
  const bytes = (some: readonly LocalFile[]) => some.reduce((sum, file) => sum + file.bytes, 0);
  const progress = createProgressOf({ files: missing.length, bytes: bytes(missing) }, show);
  const small = missing.filter((file) => file.bytes <= SMALL_FILE);
  const large = missing.filter((file) => file.bytes > SMALL_FILE);
  const alone = await sendSmall(client, { query, files: small, concurrency, progress, signal });
  await eachAtMost(concurrency, [...alone, ...large], async (file) => {
    const before = known.get(file.path)?.version ?? null;
    await sendOne(client, { query, file, before, progress, signal });
    progress.done();
  });
  const { kind, project, experiment_id } = there;
  return {
    kind,
    project,
    experiment_id,
    files: files.map(({ path, bytes: size }) => ({ path, bytes: size })),
    bytes: bytes(files),
    unchanged: files.length - missing.length,
  };
}

/** What is there of the folder that they go to. */
async function listThere(
  client: Client,
  query: StorageQueryInput,
  files: readonly LocalFile[],
): Promise<StorageList> {
  const tops = new Set(
    files.map(({ path }) => (path.includes('/') ? path.slice(0, path.indexOf('/')) : path)),
  );
  const [top = ''] = tops;
  try {
    return await client.storage({ ...query, path: tops.size === 1 ? top : '' });
  } catch (error) {
    if (!isAichorError(error) || error.code !== 'not_found' || top === '') throw error;
    // Whose files they are is to be known all the same.
    const { files: _, ...whose } = await client.storage({ ...query, path: '' });
    return { ...whose, files: [] };
  }
}

interface Sending {
  query: StorageQueryInput;
  file: LocalFile;
  /** What was there under its name; null: nothing. */
  before: string | null;
  progress: TransferProgress;
  signal: AbortSignal | undefined;
}

async function sendOne(client: Client, sending: Sending): Promise<void> {
  const { query, file, progress, signal } = sending;
  if (file.bytes > LARGE)
    await sendParts(client, sending).catch(async (error: unknown) => {
      // Another command sent the same parts at the same time, and has completed it.
      const isConflict = isAichorError(error) && error.code === 'conflict';
      if (!isConflict || !(await cameMeanwhile(client, sending))) throw error;
    });
  else {
    const target = { ...query, path: file.path, bytes: file.bytes };
    await patiently(async () => client.sendFile(target, await contentOf(file)), { signal });
    progress.moved(file.bytes);
  }
  const { mtimeMs, size } = await stat(file.place);
  if (mtimeMs === file.modified && size === file.bytes) return;
  throw changedMeanwhile(file.place);
}

async function cameMeanwhile(client: Client, { query, file, before }: Sending): Promise<boolean> {
  const there = await listThere(client, query, [file]);
  const found = there.files.find(({ path }) => path === file.path);
  if (found?.bytes !== file.bytes || found.version === before) return false;
  return file.modified <= Date.parse(found.modified_at);
}

async function contentOf({ place, bytes }: LocalFile) {
  return bytes <= SMALL_FILE ? readFile(place) : () => createReadStream(place, { highWaterMark: 256 * 1024 });
}

async function sendParts(client: Client, { query, file, progress, signal }: Sending): Promise<void> {
  const { path, bytes, place } = file;
  const content = createHash('sha256').update(`${hostname()} ${file.version}`).digest('hex');
  const target = { ...query, path, bytes };
  const begun = await patiently(() => client.beginUpload({ ...target, content }), { signal });
  const { upload: id, part_bytes: each } = begun;
  const there = new Set(begun.parts);
  const lengthOf = (number: number) => Math.min(each, bytes - (number - 1) * each);
  const numbers = Array.from({ length: Math.ceil(bytes / each) }, (_, index) => index + 1);
  progress.moved(begun.parts.reduce((sum, number) => sum + lengthOf(number), 0));
  await eachAtMost(
    PARTS,
    numbers.filter((number) => !there.has(number)),
    async (number) => {
      const start = (number - 1) * each;
      const span = { start, end: start + lengthOf(number) - 1, highWaterMark: 256 * 1024 };
      const send = () =>
        client.sendPart({ ...target, upload: id, number }, () => createReadStream(place, span));
      await patiently(send, { signal });
      progress.moved(lengthOf(number));
    },
  );
  await patiently(() => client.completeUpload({ ...target, upload: id }), { signal });
}
