import { lstatSync } from 'node:fs';
import { canonicalLine, parseCanonicalLine } from '../../listing/lines.ts';
import { sortedListing, type FileEntry, type ListingEntry } from '../../listing/listing.ts';
import { largestEntries } from '../largest.ts';
import { looksOf } from './look.ts';
import { digestOf, LOOKS, type About, type Looks, type ScanRecord } from './record.ts';
import { isRacy } from './racy.ts';
import type { ChangedFile } from './same-tree.ts';
import type { FoundFile, Tree } from './walk.ts';

/** Looks that nothing has. */
const NEVER: Looks = [NaN, NaN, NaN, NaN];

/** What `lstat` said, or, where that may be true of another content too, something that is never so. The size is right. */
function trusted(looks: Looks, startedAt: number): Looks {
  const [size, mtimeMs, ctimeMs] = looks;
  return isRacy({ mtimeMs, ctimeMs }, startedAt) ? [size, NaN, NaN, NaN] : looks;
}

/** As it was found, with as many bytes as were read. */
function fileLooks(
  { bytes, mtimeMs, ctimeMs, inode }: FoundFile,
  entry: FileEntry,
  startedAt: number,
): Looks {
  const looks = trusted([entry.bytes, mtimeMs, ctimeMs, inode], startedAt);
  return bytes === entry.bytes ? looks : [entry.bytes, NaN, NaN, NaN];
}

interface HashedFile {
  file: FoundFile;
  entry: FileEntry;
}

interface Building {
  files: readonly HashedFile[];
  startedAt: number;
  rules: string | null;
}

/** The record of a tree that was walked and read. */
export function buildRecord(root: string, tree: Tree, { files, startedAt, rules }: Building): ScanRecord {
  const looksByPath = new Map<string, Looks>();
  for (const { file, entry } of files) looksByPath.set(entry.path, fileLooks(file, entry, startedAt));
  for (const [path, looks] of tree.seen.links) looksByPath.set(path, trusted(looks, startedAt));
  const { entries } = sortedListing([...files.map(({ entry }) => entry), ...tree.links, ...tree.folders]);
  const looks = new Float64Array(entries.length * LOOKS);
  for (const [line, { path }] of entries.entries()) looks.set(looksByPath.get(path) ?? NEVER, line * LOOKS);
  const { text, starts } = textOf(entries);
  const watched = tree.seen.rules.filter((path) => !looksByPath.has(path));
  const about: About = {
    version: 4,
    digest: digestOf(text),
    rules: rules ?? '',
    bytes: files.reduce((sum, { entry }) => sum + entry.bytes, 0),
    files: files.length + tree.links.length,
    notices: [...tree.notices],
    git: { mark: '', state: null },
    largest: largestEntries(files.map(({ entry }) => entry)),
    folders: tree.seen.folders.map((folder) => ({ ...folder, looks: trusted(folder.looks, startedAt) })),
    watched: watched.map((path) => ({ path, looks: watchedLooks(`${root}/${path}`, startedAt) })),
  };
  // What Git would have said is not known.
  if (tree.notices.some(({ code }) => code === 'git_unavailable')) about.rules = '';
  return { about, text, starts, looks };
}

/** They were read before: what changes between is as new as the scan, and never trusted. */
function watchedLooks(path: string, startedAt: number): Looks {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  return stat ? trusted(looksOf(stat), startedAt) : NEVER;
}

function textOf(entries: readonly ListingEntry[]): { text: Buffer; starts: Uint32Array } {
  const starts = new Uint32Array(entries.length + 1);
  const parts: Buffer[] = [];
  let length = 0;
  let waiting = '';
  for (const [line, entry] of entries.entries()) {
    const text = canonicalLine(entry);
    starts[line] = length;
    length += isAscii(text) ? text.length : Buffer.byteLength(text);
    waiting += text;
    if (waiting.length < PIECE) continue;
    parts.push(Buffer.from(waiting));
    waiting = '';
  }
  parts.push(Buffer.from(waiting));
  starts[entries.length] = length;
  return { text: Buffer.concat(parts), starts };
}

const PIECE = 1 << 16;

function isAscii(text: string): boolean {
  return /^[\0-\x7f]*$/.test(text);
}

/** The hash of a file that looks as it did when it was read. */
export function fileHashes({ text, starts, looks }: ScanRecord): (file: FoundFile) => string | undefined {
  const lines = text.toString().split('\n');
  const byPath = new Map<string, number>();
  for (let line = 0; line < starts.length - 1; line++) {
    const entry = parseCanonicalLine(lines[line] ?? '');
    if (entry.kind === 'file') byPath.set(entry.path, line);
  }
  return ({ path, bytes, mtimeMs, ctimeMs, inode }) => {
    const line = byPath.get(path);
    if (line === undefined) return undefined;
    const isSame = [bytes, mtimeMs, ctimeMs, inode].every(
      (number, at) => looks[line * LOOKS + at] === number,
    );
    return isSame ? lines[line]?.slice(-66, -2) : undefined;
  };
}

interface Patch {
  changed: readonly ChangedFile[];
  /** One for each that changed, in the same order. */
  entries: readonly HashedFile[];
  startedAt: number;
}

/**
 * The record with these files as they are now.
 *
 * @returns the lines that say something else than before, too; `record` is the same when even its looks are
 */
export function patchRecord(
  known: ScanRecord,
  { changed, entries, startedAt }: Patch,
): { record: ScanRecord; lines: number[] } {
  const looks = known.looks.slice();
  const parts: Buffer[] = [];
  const lines: number[] = [];
  let bytes = known.about.bytes;
  let at = 0;
  const shifts = new Map<number, number>();
  for (const [index, { line }] of changed.entries()) {
    const hashed = entries[index];
    if (!hashed) continue;
    bytes += hashed.entry.bytes - (known.looks[line * LOOKS] ?? 0);
    looks.set(fileLooks(hashed.file, hashed.entry, startedAt), line * LOOKS);
    const start = known.starts[line] ?? 0;
    const end = known.starts[line + 1] ?? 0;
    const text = Buffer.from(canonicalLine(hashed.entry));
    if (text.equals(known.text.subarray(start, end))) continue;
    lines.push(line);
    parts.push(known.text.subarray(at, start), text);
    shifts.set(line, text.length - (end - start));
    at = end;
  }
  if (lines.length === 0) return { record: { ...known, looks }, lines };
  const text = Buffer.concat([...parts, known.text.subarray(at)]);
  const largest = bytes === known.about.bytes ? known.about.largest : null;
  const about = { ...known.about, digest: digestOf(text), bytes, largest };
  return { record: { about, text, looks, starts: shifted(known.starts, shifts) }, lines };
}

/** A path and a hash are as long as before, so that only what is not ASCII could move anything. */
function shifted(starts: Uint32Array, shifts: ReadonlyMap<number, number>): Uint32Array {
  if ([...shifts.values()].every((shift) => shift === 0)) return starts;
  const moved = starts.slice();
  let by = 0;
  for (let line = 0; line < starts.length; line++) {
    moved[line] = (starts[line] ?? 0) + by;
    by += shifts.get(line) ?? 0;
  }
  return moved;
}
