import { AichorError } from '../errors.ts';

/**
 * A snapshot is a listing: what is where, with the SHA-256 of each file's content. Its digest is the SHA-256
 * of the listing's canonical text, so the same content has the same digest however it was sent.
 */
export interface Listing {
  /** Sorted by path (code units), each path once. */
  entries: ListingEntry[];
}

export type ListingEntry = FileEntry | LinkEntry;

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

/** The text whose SHA-256 (with `sha256:` before it) is the snapshot's digest: one line of JSON per entry. */
export function canonicalListing(listing: Listing): string {
  let text = '';
  for (const entry of listing.entries) {
    text +=
      entry.kind === 'file'
        ? `${JSON.stringify([entry.path, entry.executable ? 'x' : 'f', entry.sha256])}\n`
        : `${JSON.stringify([entry.path, 'l', entry.target])}\n`;
  }
  return text;
}

/**
 * Checks a listing that came over the wire: sorted, no duplicates, no path or link that leaves the tree, no
 * entry below a file or link. Throws AichorError `usage` naming the first bad path.
 */
export function assertListing(listing: Listing): void {
  const notFolders = new Set<string>();
  let previous = '';
  for (const entry of listing.entries) {
    const { path } = entry;
    if (!isInnerPath(path)) throw refused(path, 'is not a relative path inside the repository');
    if (path <= previous && previous !== '') throw refused(path, 'is not in order, or there twice');
    if (parents(path).some((parent) => notFolders.has(parent))) throw refused(path, 'lies below something that is not a folder');
    if (entry.kind === 'link' && !linkStaysInside(path, entry.target)) throw refused(path, 'is a link that leaves the repository');
    notFolders.add(path);
    previous = path;
  }
}

/** A relative `/`-path without empty, `.` or `..` parts and without NUL. */
export function isInnerPath(path: string): boolean {
  if (path === '' || path.startsWith('/') || path.includes('\0')) return false;
  return path.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
}

/** Whether a link at `path` that says `target` points to something inside the tree, going by the names alone. */
export function linkStaysInside(path: string, target: string): boolean {
  if (target === '' || target.startsWith('/') || target.includes('\0')) return false;
  let depth = path.split('/').length - 1;
  for (const part of target.split('/')) {
    if (part === '' || part === '.') continue;
    depth += part === '..' ? -1 : 1;
    if (depth < 0) return false;
  }
  return true;
}

function parents(path: string): string[] {
  const parts = path.split('/');
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('/'));
}

function refused(path: string, why: string): AichorError {
  return new AichorError('usage', `the snapshot was refused: ${JSON.stringify(path)} ${why}`, {
    hint: 'send the directory again; if this comes back, leave the path out with .aichorignore',
  });
}
