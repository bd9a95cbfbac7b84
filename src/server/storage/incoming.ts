import { lstat, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { ifThere, isNoName } from '../../base/io/files.ts';
import { formatBytes } from '../../base/text/bytes.ts';
import { AichorError, isAichorError } from '../../errors.ts';
import { assertQuota, countComing, countMore, withinQuota, type Measuring } from '../projects/stored.ts';
import { MAKES_ROOM, roomLeft } from '../supervision/room.ts';
import { announce, announcedOf } from './files/announced.ts';
import { nameTooLong, notComplete, type PartedFile } from './files/files.ts';
import type { StoredPlace } from './places.ts';

/** A file that comes to a folder of this machine. */
export interface IncomingFile extends PartedFile {
  place: StoredPlace;
}

/** Bytes after which it is looked again whether the disk, and the quota, have room. */
const DISK_EVERY = 1024 * 1024;
const QUOTA_EVERY = 8 * 1024 * 1024;

/**
 * Takes a file in one piece, while the quota of its project and the disk have room for it. Throws AichorError `too_large`
 * before anything of it came, or in the middle: then nothing is left of it.
 *
 * @param put places it, whole or not at all; a content that comes goes through `looked`
 */
export async function takeFile(
  by: Measuring,
  file: IncomingFile,
  put: (looked: (content: Readable) => Readable) => Promise<void>,
): Promise<void> {
  const name = file.place.project;
  const disk = (await ifThere(realpath(file.place.address))) ?? by.folders.data;
  assertDisk(disk, file.bytes);
  const growth = await growthOf(file);
  const came = await withinQuota({ name, more: growth }, by, async () => countComing(name, growth, by));
  let more = 0;
  try {
    await put((content) => looked(content, looksFor(by, file, disk)));
    more = growth;
  } finally {
    came(more);
  }
}

/** Begins an upload in parts, or goes on with it, where there is room for all of it. Throws AichorError `too_large`. */
export async function beginWithin<T>(
  by: Measuring,
  file: IncomingFile & { id: string },
  begin: () => Promise<T>,
): Promise<T> {
  const { project } = file.place;
  const [growth, announced] = [await growthOf(file), await announcedOf(file.id, by.folders)];
  assertDisk(by.folders.data, announced === null ? file.bytes : 0);
  stopped.delete(file.id);
  return withinQuota({ name: project, more: growth - (announced?.growth ?? 0) }, by, async () => {
    const begun = await begin();
    await announce(file.id, { project, growth, of: nameOf(file) }, by.folders);
    return begun;
  });
}

/** Uploads that were stopped, and why: parts that come at the same time are told the same. */
const stopped = new Map<string, AichorError>();
const MOST_STOPPED = 1000;

/** Takes one part. Throws AichorError `too_large` when there is no more room: then nothing is left of the upload. */
export async function takePart(
  by: Measuring,
  file: IncomingFile & { id: string },
  { content, put }: { content: Readable; put: (content: Readable) => Promise<void> },
): Promise<void> {
  try {
    const announced = await announcedOf(file.id, by.folders);
    // The quota was asked about the file that was announced, and not about another one.
    if (announced?.of !== nameOf(file)) throw notComplete();
    const look = looksFor(by, file, by.folders.data);
    look.disk();
    await look.quota();
    await put(looked(content, look));
  } catch (error) {
    const known = stopped.get(file.id);
    if (known !== undefined) throw known;
    if (!isAichorError(error) || error.code !== 'too_large') throw error;
    const [oldest] = stopped.keys();
    if (stopped.size >= MOST_STOPPED && oldest !== undefined) stopped.delete(oldest);
    stopped.set(file.id, error);
    await file.place.files.abandon(file.id, new AbortController().signal);
    throw error;
  }
}

/** Makes a file of its parts: what was announced is there then. */
export async function completeWithin(
  by: Measuring,
  file: IncomingFile & { id: string },
  complete: () => Promise<void>,
): Promise<void> {
  const announced = await announcedOf(file.id, by.folders);
  if (announced !== null && announced.of !== nameOf(file)) throw notComplete();
  await complete();
  countMore(file.place.project, announced?.growth ?? 0, by);
}

function nameOf({ place, path, bytes }: IncomingFile): string {
  return JSON.stringify([place.address, path, bytes]);
}

/** Bytes by which there is more when it is there: what it replaces goes. */
async function growthOf({ place, path, bytes }: IncomingFile): Promise<number> {
  const found = await ifThere(lstat(join(place.address, path))).catch((error: unknown) => {
    throw isNoName(error) ? nameTooLong(path, error) : error;
  });
  return Math.max(0, bytes - (found?.isFile() === true ? found.size : 0));
}

function looksFor(by: Measuring, { place }: IncomingFile, disk: string) {
  return { disk: () => assertDisk(disk, 0), quota: () => assertQuota(place.project, 0, by) };
}

/** The content, unless there is no room left for it by the time that it comes: what has come counts already. */
function looked(content: Readable, look: { disk: () => void; quota: () => Promise<void> }): Readable {
  async function* pieces() {
    let since = { disk: 0, quota: 0 };
    for await (const piece of content as AsyncIterable<Uint8Array>) {
      since = { disk: since.disk + piece.length, quota: since.quota + piece.length };
      if (since.disk >= DISK_EVERY) {
        look.disk();
        since.disk = 0;
      }
      if (since.quota >= QUOTA_EVERY) {
        await look.quota();
        since.quota = 0;
      }
      yield piece;
    }
  }
  return Readable.from(pieces(), { objectMode: false });
}

/** What runs, and what must be recorded, needs a part of the disk. */
function assertDisk(folder: string, bytes: number): void {
  const left = roomLeft(folder);
  if (bytes <= left) return;
  const what = bytes === 0 ? '' : `: these are ${formatBytes(bytes)}`;
  throw new AichorError(
    'too_large',
    `the disk of ${folder} has room for ${formatBytes(Math.max(0, left))} of files that are sent${what}`,
    { hint: MAKES_ROOM },
  );
}
