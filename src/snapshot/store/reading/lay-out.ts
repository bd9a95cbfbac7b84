import { randomUUID } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  openSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { copyFile, mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createTurns } from '../../../base/async/turns.ts';
import { isBelowFile } from '../../../base/io/files-sync.ts';
import { AichorError, systemErrorCode } from '../../../errors.ts';
import type { StoredEntry } from '../../listing/lines.ts';
import { reportDamage, type Source } from './damage.ts';

/** Large files copied at the same time. */
const PARALLEL = 4;

type StoredFile = StoredEntry & { kind: 'file' };

interface LayingOut extends Source {
  /** Ends it before its time. */
  signal: AbortSignal | undefined;
}

/**
 * Lays a snapshot out in `directory` (missing, or empty): written beside it and renamed, so that nothing is ever
 * half there. Files get 0644 or 0755 less the umask; each content is what its hash says. Throws AichorError `conflict` when the directory is not empty,
 * `server_error` for a damaged content, and the signal's reason.
 */
export async function layOutSnapshot(
  entries: Iterable<StoredEntry>,
  directory: string,
  source: LayingOut,
): Promise<void> {
  const beside = `${directory}.${randomUUID()}.tmp`;
  await mkdir(dirname(directory), { recursive: true });
  try {
    mkdirSync(beside);
    const large = await layOutSmall(entries, beside, source);
    await layOutLarge(large, beside, source);
    await rename(beside, directory);
  } catch (error) {
    await rm(beside, { recursive: true, force: true });
    throw occupied(error, directory);
  }
}

/** Folders, links and packed files; returns the large files. */
async function layOutSmall(
  entries: Iterable<StoredEntry>,
  root: string,
  source: LayingOut,
): Promise<StoredFile[]> {
  const { blobs, signal } = source;
  const turns = createTurns(signal);
  const folders = new Set<string>();
  const large: StoredFile[] = [];
  const reader = blobs.packs.reader();
  try {
    for (const entry of entries) {
      makeFolder(root, entry.kind === 'folder' ? `${entry.path}/` : entry.path, folders);
      if (entry.kind === 'folder') continue;
      if (turns.isDue()) await turns.take();
      const span = entry.kind === 'file' ? blobs.packs.find(entry.sha256) : undefined;
      if (entry.kind === 'link') symlinkSync(entry.target, `${root}/${entry.path}`);
      else if (span) {
        const content = reader.read(entry.sha256, span);
        if (content === null) throw await reportDamage(entry, source);
        writeFileSync(`${root}/${entry.path}`, content, { flag: 'wx', mode: modeOf(entry) });
      } else large.push(entry);
    }
  } finally {
    reader.close();
  }
  return large;
}

function makeFolder(root: string, path: string, made: Set<string>): void {
  const end = path.lastIndexOf('/');
  if (end < 0) return;
  const folder = path.slice(0, end);
  if (made.has(folder)) return;
  mkdirSync(`${root}/${folder}`, { recursive: true });
  made.add(folder);
}

async function layOutLarge(files: readonly StoredFile[], root: string, source: LayingOut): Promise<void> {
  const { blobs, signal } = source;
  const queue = files.values();
  const copyNext = async (): Promise<void> => {
    for (const file of queue) {
      signal?.throwIfAborted();
      if (!(await blobs.large.isSound(file.sha256))) throw await reportDamage(file, source);
      await cloneFile(blobs.large.path(file.sha256), join(root, file.path), modeOf(file));
    }
  };
  // One that fails must not leave others at work in a folder that is being removed.
  const ends = await Promise.allSettled(Array.from({ length: PARALLEL }, copyNext));
  const failed = ends.find((end) => end.status === 'rejected');
  if (failed) throw failed.reason;
}

/** A copy takes over the mode of what it copies, so the umask's answer is read off the empty file before. */
async function cloneFile(from: string, to: string, mode: number): Promise<void> {
  const file = openSync(to, 'wx', mode);
  const granted = fstatSync(file).mode & 0o777;
  closeSync(file);
  await copyFile(from, to, constants.COPYFILE_FICLONE);
  chmodSync(to, granted);
}

function modeOf(entry: StoredFile): number {
  return entry.executable ? 0o755 : 0o644;
}

function occupied(error: unknown, directory: string): unknown {
  const code = systemErrorCode(error);
  if (code !== 'ENOTEMPTY' && code !== 'EEXIST' && !isBelowFile(error)) return error;
  return new AichorError('conflict', `${directory} is not an empty directory`, {
    hint: 'remove it, or choose another place',
    cause: error,
  });
}
