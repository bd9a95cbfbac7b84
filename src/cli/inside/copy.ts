import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { PassThrough } from 'node:stream';
import { ifThere, isThere } from '../../base/io/files.ts';
import { placeBeside } from '../../base/io/place.ts';
import { bytesBelow } from '../../base/io/disk/bytes-below.ts';
import { ForeignPath, packTree, unpackTree, type UnpackedTree } from '../../base/io/archive/tree-archive.ts';
import { openExec } from '../../client/exec/exec.ts';
import type { Target } from '../../client/http.ts';
import { AichorError } from '../../errors.ts';
import { nameOf } from './copy-place.ts';
import { COPY_EXITS, SEND, SIZE, TAKE } from './copy-scripts.ts';

export interface PlaceInPod {
  target: Target;
  experimentId: string;
  pod: string;
  /** In the pod. */
  path: string;
  force: boolean;
  signal: AbortSignal;
  /** How many have come; and how many there are, of a folder about, once that is known. */
  onBytes(bytes: number, all: number | null): void;
  notice(message: string): void;
}

export type Copied = Omit<UnpackedTree, 'isFolder'> & { destination: string };

/** Fetches a file or a folder of a pod. It is at its place as a whole, or not at all. Throws AichorError. */
export async function copyFromPod(place: PlaceInPod, to: string): Promise<Copied> {
  const wanted = resolve(to);
  const isInto = (await ifThere(stat(wanted)))?.isDirectory() ?? false;
  const destination = isInto ? join(wanted, nameOf(place.path) ?? place.pod) : wanted;
  if (!place.force && (await isThere(destination))) throw isThereAlready(destination);
  const beside = placeBeside(destination, `.part-${randomUUID().slice(0, 8)}`);
  if ((await ifThere(mkdir(beside).then(() => true))) === null)
    throw new AichorError('not_found', `there is no folder ${dirname(destination)}`, {
      hint: 'make it, or give another destination',
    });
  try {
    const { isFolder, ...unpacked } = await fetchInto(place, beside);
    place.signal.throwIfAborted();
    const whole = isFolder ? beside : join(beside, basename(place.path));
    if (!(await isThere(whole))) throw isNothingToCopy(place);
    if (place.force) await putInPlace(whole, destination);
    else if (await isThere(destination)) throw isThereAlready(destination);
    else await rename(whole, destination);
    return { ...unpacked, destination };
  } finally {
    // What was begun before a failure is still being written.
    await rm(beside, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** What had the name before is gone only when the new one has it, and has it back when that fails. */
async function putInPlace(whole: string, destination: string): Promise<void> {
  const before = placeBeside(destination, `.before-${randomUUID().slice(0, 8)}`);
  const isReplaced = (await ifThere(rename(destination, before).then(() => true))) ?? false;
  try {
    await rename(whole, destination);
  } catch (error) {
    if (isReplaced) await rename(before, destination);
    throw error;
  }
  if (isReplaced) await rm(before, { recursive: true, force: true });
}

async function fetchInto(place: PlaceInPod, folder: string): Promise<UnpackedTree> {
  const archive = new PassThrough();
  const broken = new AbortController();
  let come = 0;
  let all: number | null = null;
  const unpacking = unpackTree(archive, folder, (bytes) => place.onBytes((come = bytes), all));
  unpacking.catch((error: unknown) => broken.abort(hostile(error, place)));
  try {
    await runScript(place, {
      words: [SEND, 'sh', place.path],
      signal: AbortSignal.any([place.signal, broken.signal]),
      // It may come behind the only file's beginning.
      onSize: (bytes) => place.onBytes(come, (all = bytes)),
      onOutput: async (bytes) => {
        if (!archive.write(bytes)) await once(archive, 'drain', { signal: broken.signal });
      },
    });
    archive.end();
  } catch (error) {
    archive.destroy();
    throw broken.signal.aborted ? broken.signal.reason : error;
  }
  return unpacking.catch((error: unknown) => {
    throw hostile(error, place);
  });
}

/** Sends a file or a folder into a pod. It is at its place as a whole, or not at all. Throws AichorError. */
export async function copyToPod(place: PlaceInPod, from: string): Promise<Copied> {
  const source = resolve(from);
  if ((await ifThere(stat(source))) === null)
    throw new AichorError('not_found', `there is no ${source} here`, { hint: 'name a file or a folder' });
  const { archive, isFolder } = await packTree(source);
  let bytes = 0;
  let all: number | null = null;
  // Nobody waits for it: without it there is no total.
  sizeHere(source).then(
    (size) => (all = size),
    () => undefined,
  );
  const force = place.force ? 'force' : '';
  const kind = isFolder ? 'folder' : 'file';
  await runScript(place, {
    words: [TAKE, 'sh', place.path, basename(source), kind, randomUUID().slice(0, 8), force],
    signal: place.signal,
    input: (async function* () {
      for await (const chunk of archive) {
        const piece = Buffer.from(chunk);
        bytes += piece.length;
        place.onBytes(bytes, all);
        yield piece;
      }
    })(),
  });
  return { files: 0, bytes, left_out: [], destination: place.path };
}

async function sizeHere(source: string): Promise<number> {
  const found = await stat(source);
  return found.isDirectory() ? bytesBelow(source) : found.size;
}

interface Script {
  words: readonly string[];
  signal: AbortSignal;
  onOutput?(bytes: Buffer): Promise<void>;
  /** How much comes, as the pod says. */
  onSize?(bytes: number): void;
  input?: AsyncIterable<Uint8Array>;
}

const SIZE_LINE = new RegExp(`^(?:${SIZE} (\\d{1,15})|(\\d{1,12})\\t.*)\\n`, 'm');

/** Complaints that are kept. */
const SAID_BYTES = 2000;

async function runScript(
  place: PlaceInPod,
  { words, signal, onOutput, onSize, input }: Script,
): Promise<void> {
  const { target, experimentId, pod } = place;
  let said = '';
  const failing = new AbortController();
  const connection = await openExec(target, {
    experimentId,
    pod,
    signal: AbortSignal.any([signal, failing.signal]),
    start: { command: ['sh', '-c', ...words], stdin: input !== undefined, terminal: null },
    async onOutput(stream, bytes) {
      if (stream === 'stdout') return onOutput?.(bytes);
      said = (said + bytes.toString())
        .slice(-SAID_BYTES)
        .replace(SIZE_LINE, (_, size?: string, blocks?: string) => {
          onSize?.(Number(size ?? Number(blocks) * 1024));
          return '';
        });
    },
  });
  let isOver = false;
  const feed = async () => {
    for await (const piece of input ?? []) {
      // Nobody takes it any longer: what is still to be read is left, and this program can end.
      if (isOver) return;
      await connection.write(piece);
    }
    connection.close();
  };
  // What cannot be read here breaks it off there.
  feed().catch((error: unknown) => failing.abort(error));
  const code = await connection.ended.finally(() => (isOver = true));
  if (code === COPY_EXITS.changed)
    place.notice(`some files were written while they were copied: ${said.trim()}`);
  else if (code !== 0) throw failed(place, code, said.trim());
}

function failed({ pod, path }: PlaceInPod, code: number, said: string): AichorError {
  switch (code) {
    case COPY_EXITS.absent:
      return new AichorError('not_found', `pod ${pod} has no ${path}`, {
        hint: `aichor experiments exec ID ${pod} -- ls shows what there is; paths begin in its folder`,
      });
    case COPY_EXITS.there:
      return new AichorError('conflict', `${path} is there already, in pod ${pod}`, {
        hint: 'give another destination, or --force',
      });
    case COPY_EXITS.noTar:
    case 126:
    case 127:
      return new AichorError('engine_unavailable', `the image of pod ${pod} has no tar`, {
        hint: `add it to the image, or take a file as it is: aichor experiments exec ID ${pod} -- cat PATH > FILE`,
      });
    default:
      return new AichorError('engine_unavailable', `tar in pod ${pod} ended with ${code}: ${said}`, {
        hint: 'nothing was left half copied; mind permissions, and room on the disk there',
      });
  }
}

function isNothingToCopy({ pod, path }: PlaceInPod): AichorError {
  return new AichorError('not_found', `${path} in pod ${pod} is neither a file nor a folder`, {
    hint: 'pipes, sockets and devices are not copied; nothing was changed here',
  });
}

function isThereAlready(destination: string): AichorError {
  return new AichorError('conflict', `${destination} is there already`, {
    hint: 'give another destination, or --force',
  });
}

function hostile(error: unknown, { pod }: PlaceInPod): unknown {
  if (!(error instanceof ForeignPath)) return error;
  return new AichorError(
    'server_error',
    `pod ${pod} names a file outside of the destination: ${error.message}`,
    {
      hint: 'nothing was copied; do not trust what runs there',
    },
  );
}
