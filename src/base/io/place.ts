import { randomUUID } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { open, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { briefly } from './brief.ts';
import { crashPoint } from './crash-point.ts';
import { withPath } from './disk-full.ts';
import { readIfThere } from './files.ts';

export interface PlaceOptions {
  /** Permissions of the new file, whatever the umask is; 0600 unless said. */
  mode?: number;
  /** It also survives a power cut: the file and its folder are flushed before this returns. */
  durable?: boolean;
  /** When it was written to, as is said of it from the first moment on; now, unless said. */
  modified?: Date;
}

/**
 * Writes a file so that, whatever dies when, its name leads to the old content or to the whole new one. It is written
 * beside its place under a name that nobody else takes, and renamed: of several writers at once the last one stays.
 * A writer that is killed may leave `<path>.<uuid>.tmp` behind, and nothing else. The folder must be there.
 *
 * @param content a stream is read to its end; if it fails, nothing changes
 * @throws system errors, after which nothing has changed (or, when only the folder could not be flushed, everything)
 */
export async function place(
  path: string,
  content: string | Uint8Array | AsyncIterable<Uint8Array>,
  { mode = 0o600, durable = false, modified }: PlaceOptions = {},
): Promise<void> {
  const beside = besideOf(path);
  const write = () => writeAll(beside, content, { mode, durable, modified });
  const isHere = typeof content === 'string' || content instanceof Uint8Array;
  try {
    // A stream may wait for others.
    await (isHere ? briefly(write) : write());
    crashPoint('place-written');
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    throw withPath(error, path);
  }
  crashPoint('place-renamed');
  if (durable) await flush(dirname(path));
}

/** `place`, unless the file holds this already: what is repeated after a restart needs no room on a full disk then. */
export async function placeIfOther(path: string, content: string, options: PlaceOptions = {}): Promise<void> {
  if ((await readIfThere(path)) !== content) await place(path, content, options);
}

interface Writing extends Required<Omit<PlaceOptions, 'modified'>> {
  modified: Date | undefined;
}

async function writeAll(
  path: string,
  content: string | Uint8Array | AsyncIterable<Uint8Array>,
  { mode, durable, modified }: Writing,
): Promise<void> {
  const file = await open(path, 'wx', mode);
  try {
    crashPoint('place-opened');
    await writeFile(file, content);
    await file.chmod(mode);
    if (modified !== undefined) await file.utimes(modified, modified);
    if (durable) await file.sync();
  } finally {
    await file.close();
  }
}

/** `place` for callers that cannot wait. */
export function placeSync(
  path: string,
  content: string | Uint8Array,
  { mode = 0o600, durable = false, modified }: PlaceOptions = {},
): void {
  const beside = besideOf(path);
  try {
    writeFileSync(beside, content, { flag: 'wx', mode, flush: durable });
    chmodSync(beside, mode);
    if (modified !== undefined) utimesSync(beside, modified, modified);
    crashPoint('place-written');
    renameSync(beside, path);
  } catch (error) {
    rmSync(beside, { force: true });
    throw withPath(error, path);
  }
  crashPoint('place-renamed');
  if (durable) flushSync(dirname(path));
}

/** Returns when what a file or folder holds would survive a power cut. */
export function flush(path: string): Promise<void> {
  return briefly(async () => {
    const file = await open(path, 'r');
    try {
      await file.sync();
    } finally {
      await file.close();
    }
  });
}

function flushSync(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Names have at most 255 bytes: of one that leaves no room for more, the first characters say enough. */
const ROOM_BYTES = 200;
const KEPT_CHARACTERS = 50;

/** The place beside a file, of its name and some more. */
export function placeBeside(path: string, ending: string): string {
  const name = basename(path);
  const kept = Buffer.byteLength(name) > ROOM_BYTES ? [...name].slice(0, KEPT_CHARACTERS).join('') : name;
  return join(dirname(path), `${kept}${ending}`);
}

function besideOf(path: string): string {
  return placeBeside(path, `.${randomUUID()}.tmp`);
}
