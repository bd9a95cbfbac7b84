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

/** A relative `/`-path of well-formed text without empty, `.` or `..` parts and without NUL. */
export function isInnerPath(path: string): boolean {
  if (path === '' || path.includes('\0') || LONE_SURROGATE.test(path)) return false;
  return path.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
}
