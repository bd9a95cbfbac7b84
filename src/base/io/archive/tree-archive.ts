import { lstat } from 'node:fs/promises';
import { basename, dirname, posix } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { asHere } from './names.ts';

/** What was unpacked. */
export interface UnpackedTree {
  files: number;
  bytes: number;
  /** The archive is of a folder's contents, not of one file. */
  isFolder: boolean;
  /** What is neither a file, a folder, nor a link to within: paths. */
  left_out: string[];
}

/** An archive names something outside of where it is unpacked. */
export class ForeignPath extends Error {
  override readonly name = 'ForeignPath';
}

/** Paths that are named one by one. */
const MOST_NAMED = 100;

/**
 * Unpacks a tar archive that somebody else has made into an empty folder. Nothing of it is written outside: a path that leads there, or
 * through one of its own links, ends it; links that lead out are left out, as are devices and sockets. Modes keep their permissions, not
 * setuid; owners are not taken over.
 *
 * @param onBytes told of each file's size as it begins
 * @throws ForeignPath, the archive's or the system's error
 */
export async function unpackTree(
  archive: Readable,
  folder: string,
  onBytes: (bytes: number) => void = () => undefined,
): Promise<UnpackedTree> {
  const { Unpack } = await import('tar');
  const seen: UnpackedTree = { files: 0, bytes: 0, isFolder: false, left_out: [] };
  const links = new Set<string>();
  let foreign: ForeignPath | null = null;
  const unpacking = new Unpack({
    cwd: folder,
    strict: true,
    preserveOwner: false,
    filter(given, entry) {
      if (foreign !== null || !('type' in entry)) return false;
      const path = posix.normalize(given).replace(/\/$/, '');
      if (isOutside(path) || isBelow(path, links)) {
        foreign = new ForeignPath(given);
        return false;
      }
      if (path === '.') seen.isFolder = true;
      if (!isTaken(path, entry)) {
        if (seen.left_out.length < MOST_NAMED) seen.left_out.push(path);
        return false;
      }
      entry.path = asHere(given);
      entry.mode = ((entry.mode ?? 0o644) & 0o777) | (entry.type === 'Directory' ? 0o700 : 0);
      if (entry.type === 'SymbolicLink') links.add(path);
      if (entry.type !== 'Directory') seen.files++;
      seen.bytes += entry.size;
      onBytes(seen.bytes);
      return true;
    },
  });
  await pipeline(archive, unpacking);
  if (foreign !== null) throw foreign;
  return seen;
}

interface Entry {
  type: string;
  linkpath?: string | undefined;
}

const FILES: ReadonlySet<string> = new Set(['File', 'OldFile', 'ContiguousFile', 'Directory']);

function isTaken(path: string, { type, linkpath = '' }: Entry): boolean {
  if (FILES.has(type)) return true;
  if (type === 'Link') return !isOutside(posix.normalize(linkpath));
  if (type !== 'SymbolicLink' || posix.isAbsolute(linkpath)) return false;
  return !isOutside(posix.join(posix.dirname(path), linkpath));
}

function isOutside(path: string): boolean {
  return posix.isAbsolute(path) || path === '..' || path.startsWith('../') || path.includes('\0');
}

function isBelow(path: string, links: ReadonlySet<string>): boolean {
  if (links.size === 0) return false;
  for (let above = posix.dirname(path); above !== '.'; above = posix.dirname(above))
    if (links.has(above)) return true;
  return false;
}

/** What is at a path, as a tar archive: a folder's contents, or one file by its name. Links stay links. */
export async function packTree(path: string): Promise<{ archive: NodeJS.ReadableStream; isFolder: boolean }> {
  const { create } = await import('tar');
  const isFolder = (await lstat(`${path}/.`).catch(() => null))?.isDirectory() ?? false;
  if (!isFolder) await lstat(path);
  const archive = isFolder
    ? create({ cwd: path, portable: true }, ['.'])
    : create({ cwd: dirname(path), portable: true, follow: true }, [`./${basename(path)}`]);
  return { archive: archive as unknown as NodeJS.ReadableStream, isFolder };
}
