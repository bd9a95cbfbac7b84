import { createHash } from 'node:crypto';
import { readdirSync, lstatSync, utimesSync } from 'node:fs';
import { posix } from 'node:path';
import type { SnapshotEntry, SnapshotReader } from '../../../engine.ts';

/** What a build has read of a snapshot: another one in which that is the same gives the same environment. */
export interface Reads {
  /** SHA-256 by path in the snapshot; of everything, when it cannot be told what was read. */
  files: Record<string, string>;
  /** Digest of the names that may matter. */
  names: string;
  /** All names matter: something went through folders. */
  allNames: boolean;
}

/** Files that builds of packages look for by what they are. */
const CODE =
  /\.(?:py|pyi|pyx|pxd|pth|typed|c|cc|cpp|cxx|cu|cuh|h|hh|hpp|rs|f|f90|go|java|toml|cfg|in|cmake|proto|lock)$|(?:^|\/)(?:LICEN[CS]E|COPYING|NOTICE|README|AUTHORS)[^/]*$/i;
/** Files that no build looks for. */
const NEVER = /\.(?:ipynb|pyc|log)$|(?:^|\/)(?:__pycache__|\.ipynb_checkpoints)(?:\/|$)/;

/** Ways through a folder in a RUN line: which names it holds matters then. */
const WALKS = /[*?]|\b(?:find|ls|cp|mv|tar|rsync|tree|du|wc)\b|-[a-zA-Z]*[rR]\b/;

/** The names of a snapshot that may matter to a build, by what its texts say. */
function namesThatMatter(entries: readonly SnapshotEntry[], texts: string, allNames: boolean): string {
  const packages = new Set(
    entries.filter(({ path }) => path.endsWith('/__init__.py')).map(({ path }) => posix.dirname(path)),
  );
  const names = entries
    .map(({ path }) => path)
    .filter((path) => allNames || isOfInterest(path, packages, texts));
  return createHash('sha256').update(names.join('\0')).digest('hex');
}

function isOfInterest(path: string, packages: ReadonlySet<string>, texts: string): boolean {
  if (NEVER.test(path)) return false;
  if (CODE.test(path) || packages.has(posix.dirname(path))) return true;
  return texts.includes(posix.basename(path));
}

export interface ReadsRequest {
  snapshot: Pick<SnapshotReader, 'entries' | 'read'>;
  /** Paths of the snapshot that were read; null: it cannot be told. */
  read: ReadonlySet<string> | null;
  /** Scripts of RUN lines. */
  scripts: string;
}

export async function recordReads({ snapshot, read, scripts }: ReadsRequest): Promise<Reads> {
  const entries = snapshot.entries();
  const files: Record<string, string> = {};
  for (const entry of entries)
    if (read === null || read.has(entry.path)) files[entry.path] = contentOf(entry);
  const allNames = read === null || WALKS.test(scripts);
  const texts = await textsOf(snapshot, { scripts, files });
  return { files, names: namesThatMatter(entries, texts, allNames), allNames };
}

/** Whether a snapshot is the same as far as a build has read. */
export async function fitsReads(
  { files, names, allNames }: Reads,
  { snapshot, scripts }: Pick<ReadsRequest, 'snapshot' | 'scripts'>,
): Promise<boolean> {
  const entries = snapshot.entries();
  const contents = new Map(entries.map((entry) => [entry.path, contentOf(entry)]));
  if (Object.entries(files).some(([path, content]) => contents.get(path) !== content)) return false;
  return names === namesThatMatter(entries, await textsOf(snapshot, { scripts, files }), allNames);
}

function contentOf(entry: SnapshotEntry): string {
  if (entry.kind === 'file') return `${entry.sha256}${entry.executable ? ' x' : ''}`;
  return entry.kind === 'link' ? `-> ${entry.target}` : '';
}

/** Longer files are data. */
const LONGEST_TEXT = 256 << 10;

/** What the RUN lines and the files that were read say: whether a file is there that they name may matter. */
async function textsOf(
  snapshot: Pick<SnapshotReader, 'read'>,
  { scripts, files }: { scripts: string; files: Reads['files'] },
): Promise<string> {
  const texts = [scripts];
  for (const path of Object.keys(files)) {
    const content = await snapshot.read(path);
    if (content !== null && content.length <= LONGEST_TEXT) texts.push(content.toString('latin1'));
  }
  return texts.join('\n');
}

/** A time before any file was made: whoever reads a file changes it, as systems do by default (`relatime`). */
export const UNREAD = 1;

/** Marks every file below a folder as not read. */
export function markUnread(folder: string): void {
  const now = new Date();
  for (const path of filesBelow(folder)) utimesSync(path, UNREAD, now);
}

/** Whether a file was read since it was marked, by when that was last: seconds. */
export function isRead(accessed: number): boolean {
  return accessed > UNREAD;
}

/**
 * Files below a folder that were read since they were marked, by their paths in it.
 *
 * @returns null: this file system does not tell
 */
export function readSince(folder: string): Set<string> | null {
  const read = new Set<string>();
  let isEmpty = true;
  for (const path of filesBelow(folder)) {
    isEmpty = false;
    if (isRead(lstatSync(path).atimeMs / 1000)) read.add(path.slice(folder.length));
  }
  return read.size === 0 && !isEmpty ? null : read;
}

function* filesBelow(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) yield* filesBelow(path);
    else if (entry.isFile()) yield path;
  }
}
