import { AichorError } from '../../errors.ts';
import { findLeavingLink } from './links.ts';

/**
 * A snapshot is a listing: what is where, with the SHA-256 of each file's content. Its digest is the SHA-256
 * of the listing's canonical text, so the same content has the same digest however it was sent.
 */
export interface Listing {
  /** Sorted by path (code units), each path once. */
  entries: ListingEntry[];
}

export type ListingEntry = FileEntry | LinkEntry | FolderEntry;

export interface FileEntry {
  /** Relative, `/`-separated, no `.`/`..` parts. */
  path: string;
  kind: 'file';
  executable: boolean;
  bytes: number;
  /** 64 hex digits. */
  sha256: string;
}

export interface LinkEntry {
  path: string;
  kind: 'link';
  /** As written in the link; never leaves the tree. */
  target: string;
}

/** A folder with nothing in it; the others are there by what they hold. */
export interface FolderEntry {
  path: string;
  kind: 'folder';
}

/** Half a character: two such paths would become one file name (both are written as U+FFFD). */
const LONE_SURROGATE = /\p{Surrogate}/u;

/** A listing of these entries in the order that every listing has. */
export function sortedListing(entries: readonly ListingEntry[]): Listing {
  return { entries: entries.toSorted((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0)) };
}

/** The text whose SHA-256 (with `sha256:` before it) is the snapshot's digest: one line of JSON per entry. */
export function canonicalListing(listing: Listing): string {
  let text = '';
  for (const entry of listing.entries) {
    text += `${JSON.stringify(canonicalEntry(entry))}\n`;
  }
  return text;
}

/** A listing without empty folders has the text, and so the digest, that it had before there were any in one. */
function canonicalEntry(entry: ListingEntry): readonly string[] {
  if (entry.kind === 'folder') return [entry.path, 'd'];
  if (entry.kind === 'link') return [entry.path, 'l', entry.target];
  return [entry.path, entry.executable ? 'x' : 'f', entry.sha256];
}

/**
 * Checks a listing that came over the wire: sorted, no duplicates, no path or link that leaves the tree (also
 * not by way of other links), no entry below a file, a link or an empty folder. Throws AichorError `usage` naming the first bad path.
 */
export function assertListing(listing: Listing): void {
  const withoutEntries = new Set<string>();
  const folders = new Set<string>();
  let previous = '';
  for (const { path } of listing.entries) {
    if (!isInnerPath(path)) throw refused(path, 'is not a relative path inside the repository');
    if (path <= previous) throw refused(path, 'is not in order, or there twice');
    if (!addFoldersOf(path, folders, withoutEntries))
      throw refused(path, 'lies below something that is not a folder, or is said to be empty');
    withoutEntries.add(path);
    previous = path;
  }
  const leaving = findLeavingLink(listing);
  if (leaving) throw refused(leaving.path, 'is a link that leaves the repository');
}

/** Notes every folder above `path`; false when one of them is a file, a link or an empty folder. */
function addFoldersOf(path: string, folders: Set<string>, withoutEntries: ReadonlySet<string>): boolean {
  for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
    const folder = path.slice(0, end);
    if (folders.has(folder)) return true;
    if (withoutEntries.has(folder)) return false;
    folders.add(folder);
  }
  return true;
}

/** A relative `/`-path of well-formed text without empty, `.` or `..` parts and without NUL. */
export function isInnerPath(path: string): boolean {
  if (path === '' || path.includes('\0') || LONE_SURROGATE.test(path)) return false;
  return path.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
}

function refused(path: string, why: string): AichorError {
  return new AichorError('usage', `the snapshot was refused: ${JSON.stringify(path)} ${why}`, {
    hint: 'send the directory again; if this comes back, leave the path out with .aichorignore',
  });
}
