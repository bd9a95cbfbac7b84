import { createReadStream } from 'node:fs';
import { chmod, lstat, mkdir, open, readdir, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { ifAnyThere, ifThere, isNoName, isThere, writeAllAt } from '../../../base/io/files.ts';
import { place } from '../../../base/io/place.ts';
import { AichorError, systemErrorCode } from '../../../errors.ts';
import { exactly } from './exactly.ts';
import {
  bytesOfPart,
  nameTooLong,
  notComplete,
  partBytes,
  partsOf,
  type Files,
  type FileThere,
} from './files.ts';

/**
 * Files of a folder of this machine. Links are left out, and never followed: what they lead to may be anywhere.
 *
 * @param uploads where uploads in parts are kept until they are whole; best on the same disk as the folder
 */
export function filesOfFolder(folder: string, uploads: string): Files {
  const at = (path: string) => join(folder, ...path.split('/').filter((part) => part !== ''));

  async function placeFor(path: string): Promise<string> {
    const target = at(path);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const found = await makeFolders(folder, dirname(target))
      .then(() => ifThere(lstat(target)))
      .catch((error: unknown) => {
        throw isNoName(error) ? nameTooLong(path, error) : error;
      });
    if (found === null || found.isFile()) return target;
    throw new AichorError('conflict', `${path} is there, and no file`, { hint: 'give it another name' });
  }

  return {
    async list(path) {
      const start = at(path);
      const found = await ifAnyThere(lstat(start));
      if (found === null) return null;
      const files: FileThere[] = [];
      if (found.isFile()) files.push(fileAt(folder, start, found));
      if (found.isDirectory()) await gather(folder, start, files);
      return files.toSorted((one, other) => (one.path < other.path ? -1 : 1));
    },
    async open(path, { start, version }) {
      const real = await ifAnyThere(realpath(at(path)));
      const top = await ifThere(realpath(folder));
      if (real === null || top === null || !real.startsWith(top + sep)) return null;
      const found = await lstat(real);
      if (!found.isFile() || (version !== null && versionOf(found) !== version)) return null;
      return createReadStream(real, { start, highWaterMark: 256 * 1024 });
    },
    async put({ path, bytes }, content) {
      const whole = content instanceof Uint8Array ? content : exactly(content, bytes);
      await place(await placeFor(path), whole, { mode: openMode() });
    },
    async begin(id, { path, bytes }) {
      await placeFor(path);
      const upload = join(uploads, id);
      // It was made a file before, and the server was killed then: what is left says nothing of the file that is there now.
      if (!(await isThere(join(upload, 'data')))) await rm(upload, { recursive: true, force: true });
      const parts = join(upload, 'parts');
      await mkdir(parts, { recursive: true, mode: 0o700 });
      const numbers = (await readdir(parts)).map(Number).filter((number) => bytesOfPart(number, bytes) > 0);
      return { part_bytes: partBytes(bytes), parts: numbers.toSorted((one, other) => one - other) };
    },
    async putPart(id, { number, bytes }, content) {
      const upload = join(uploads, id);
      if ((await ifThere(stat(join(upload, 'parts')))) === null) throw notComplete();
      const start = (number - 1) * partBytes(bytes);
      await writeAt(join(upload, 'data'), start, exactly(content, bytesOfPart(number, bytes)));
      const noted = writeFile(join(upload, 'parts', String(number)), '', { mode: 0o600 }).then(() => true);
      // The upload was removed meanwhile.
      if ((await ifThere(noted)) === null) throw notComplete();
    },
    async complete(id, file) {
      const upload = join(uploads, id);
      const data = join(upload, 'data');
      const target = await placeFor(file.path);
      if (await isThere(data)) {
        const parts = new Set((await ifThere(readdir(join(upload, 'parts')))) ?? []);
        if (!partsOf(file.bytes).every((number) => parts.has(String(number)))) throw notComplete();
        await chmod(data, openMode());
        await move(data, target);
      } else if ((await ifThere(lstat(target)))?.size !== file.bytes) throw notComplete();
      // Else the answer to the first time was lost on its way, or the server was killed before this line.
      await rm(upload, { recursive: true, force: true });
    },
    abandon: (id) => rm(join(uploads, id), { recursive: true, force: true }),
    removeAll: () => rm(folder, { recursive: true, force: true }),
  };
}

/** As other programs make files. */
function openMode(): number {
  return 0o666 & ~process.umask();
}

/** Also to another disk, as when the folder is a link to one; then the file is copied, and is there whole or not at all. */
async function move(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (systemErrorCode(error) !== 'EXDEV') throw error;
    await place(to, createReadStream(from), { mode: openMode() });
  }
}

/** Folders on the way to a file. Throws AichorError `conflict` where something else is in the way, a link too. */
async function makeFolders(top: string, folder: string): Promise<void> {
  if (folder === top) return;
  await makeFolders(top, dirname(folder));
  const found = await ifThere(lstat(folder));
  if (found === null) await mkdir(folder, { recursive: true, mode: 0o700 });
  else if (!found.isDirectory())
    throw new AichorError('conflict', `${relative(top, folder)} is there, and no folder`, {
      hint: 'give the files another place with --to',
    });
}

async function writeAt(path: string, start: number, content: AsyncIterable<Uint8Array>): Promise<void> {
  const file = await open(path, 'a', 0o600).then(async (made) => {
    await made.close();
    return open(path, 'r+');
  });
  try {
    let position = start;
    for await (const piece of content) {
      await writeAllAt(file, piece, position);
      position += piece.length;
    }
    // What is said to be there must be so after a power cut, too.
    await file.datasync();
  } finally {
    await file.close();
  }
}

async function gather(top: string, folder: string, files: FileThere[]): Promise<void> {
  const entries = (await ifThere(readdir(folder, { withFileTypes: true }))) ?? [];
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await gather(top, path, files);
    const found = entry.isFile() ? await ifThere(lstat(path)) : null;
    if (found !== null) files.push(fileAt(top, path, found));
  }
}

interface Look {
  size: number;
  mtime: Date;
  mtimeMs: number;
  ino: number;
}

function fileAt(top: string, path: string, look: Look): FileThere {
  return {
    path: relative(top, path).split(sep).join('/'),
    bytes: look.size,
    modified_at: look.mtime.toISOString(),
    version: versionOf(look),
  };
}

function versionOf({ size, mtimeMs, ino }: Look): string {
  return `${ino}-${size}-${mtimeMs}`;
}
