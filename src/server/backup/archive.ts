import { createHash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { ifThere } from '../../base/io/files.ts';
import { readTarHeader, TAR_BLOCK, TAR_END, tarPadding, writeTarHeader } from '../../base/io/tar.ts';
import { AichorError } from '../../errors.ts';

/** What stands in a backup, first of all. */
export interface BackupFacts {
  aichor_backup: 1;
  version: string;
  created_at: string;
  /** The folder that it is a backup of. */
  data: string;
  experiments: number;
}

/** A file, and the path that it has in the backup. */
export interface Backed {
  path: string;
  file: string;
}

export const FACTS = 'aichor-backup.json';
/** The last entry: the SHA-256 of each other one. An archive without it was cut off. */
export const SUMS = 'sha256.json';

const PIECE = 1 << 20;

/** A tar archive of the facts and of these files, those that vanish meanwhile left out. Files may grow meanwhile. */
export async function* archiveOf(facts: BackupFacts, files: AsyncIterable<Backed>): AsyncGenerator<Buffer> {
  const sums: Record<string, string> = {};
  yield* textEntry(FACTS, `${JSON.stringify(facts)}\n`, sums);
  for await (const { path, file } of files) {
    const handle = await ifThere(open(file, 'r'));
    if (handle === null) continue;
    try {
      yield* fileEntry(path, handle, sums);
    } finally {
      await handle.close();
    }
  }
  yield* textEntry(SUMS, JSON.stringify(sums), {});
  yield TAR_END;
}

function* textEntry(path: string, text: string, sums: Record<string, string>): Generator<Buffer> {
  const content = Buffer.from(text);
  sums[path] = createHash('sha256').update(content).digest('hex');
  yield headerOf(path, content.length);
  yield content;
  yield Buffer.alloc(tarPadding(content.length));
}

async function* fileEntry(
  path: string,
  handle: FileHandle,
  sums: Record<string, string>,
): AsyncGenerator<Buffer> {
  const { size } = await handle.stat();
  const hash = createHash('sha256');
  yield headerOf(path, size);
  for (let at = 0; at < size;) {
    const piece = Buffer.alloc(Math.min(PIECE, size - at));
    // One that became shorter meanwhile ends in zeros: its size is told already.
    await handle.read(piece, 0, piece.length, at);
    hash.update(piece);
    yield piece;
    at += piece.length;
  }
  yield Buffer.alloc(tarPadding(size));
  sums[path] = hash.digest('hex');
}

function headerOf(path: string, size: number): Buffer {
  const block = Buffer.alloc(TAR_BLOCK);
  if (!writeTarHeader({ path, size, mode: 0o600 }, block))
    throw new Error(`${path} has no place in an archive`);
  return block;
}

/** An entry of an archive that was read. */
export interface ArchiveEntry {
  path: string;
  size: number;
  offset: number;
}

/** Reads all of a backup; throws AichorError `usage` for what is none, or is damaged. */
export async function readArchive(
  file: string,
  handle: FileHandle,
): Promise<{ facts: BackupFacts; entries: ArchiveEntry[] }> {
  const entries = await entriesOf(file, handle);
  const [first] = entries;
  const last = entries.at(-1);
  if (first?.path !== FACTS || last?.path !== SUMS) throw notWhole(file, 'is not a whole backup of aichor');
  const sums: Record<string, string> = JSON.parse((await textOf(handle, last)) || '{}');
  const facts: BackupFacts = JSON.parse(await textOf(handle, first));
  if (facts.aichor_backup !== 1) throw notWhole(file, 'is of a newer aichor');
  for (const entry of entries.slice(0, -1)) {
    if (!isInside(entry.path) || sums[entry.path] !== (await hashOf(handle, entry)))
      throw notWhole(file, `is damaged: ${JSON.stringify(entry.path)} in it is not what was backed up`);
  }
  return { facts, entries: entries.slice(1, -1) };
}

async function entriesOf(file: string, handle: FileHandle): Promise<ArchiveEntry[]> {
  const { size: bytes } = await handle.stat();
  const entries: ArchiveEntry[] = [];
  for (let at = 0; at + TAR_BLOCK <= bytes;) {
    const block = Buffer.alloc(TAR_BLOCK);
    await handle.read(block, 0, TAR_BLOCK, at);
    if (block.every((byte) => byte === 0)) return entries;
    const header = readTarHeader(block);
    if (header === null || at + TAR_BLOCK + header.size > bytes)
      throw notWhole(file, 'is not a whole backup of aichor');
    entries.push({ ...header, offset: at + TAR_BLOCK });
    at += TAR_BLOCK + header.size + tarPadding(header.size);
  }
  return entries;
}

/** The bytes of an entry. */
export async function* contentOf(
  handle: FileHandle,
  { size, offset }: ArchiveEntry,
): AsyncGenerator<Uint8Array> {
  for (let done = 0; done < size;) {
    const piece = Buffer.alloc(Math.min(PIECE, size - done));
    const { bytesRead } = await handle.read(piece, 0, piece.length, offset + done);
    if (bytesRead === 0) return;
    yield piece.subarray(0, bytesRead);
    done += bytesRead;
  }
}

async function textOf(handle: FileHandle, { size, offset }: ArchiveEntry): Promise<string> {
  const content = Buffer.alloc(size);
  await handle.read(content, 0, size, offset);
  return content.toString();
}

async function hashOf(handle: FileHandle, entry: ArchiveEntry): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of contentOf(handle, entry)) hash.update(piece);
  return hash.digest('hex');
}

function isInside(path: string): boolean {
  return !path.startsWith('/') && path.split('/').every((part) => !['', '.', '..'].includes(part));
}

function notWhole(file: string, what: string): AichorError {
  return new AichorError('usage', `${file} ${what}`, {
    hint: 'give a file that aichor server backup has written',
  });
}
