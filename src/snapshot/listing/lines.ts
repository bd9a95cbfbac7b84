import type { Listing, ListingEntry } from './listing.ts';

/**
 * A listing as lines of JSON. The canonical line of an entry is what the digest is made of and what is stored; on the
 * wire a file's line also says how long it is.
 *
 *     ["src/train.py","f","<sha256>"]        a file; "x": it may be executed
 *     ["latest","l","runs/3"]                a link
 *     ["checkpoints","d"]                    an empty folder
 */

/** Text that JSON writes as it is. */
const PLAIN = /^[ !#-[\]-~]*$/;

/** With its newline. */
export function canonicalLine(entry: ListingEntry): string {
  const path = quoted(entry.path);
  if (entry.kind === 'folder') return `[${path},"d"]\n`;
  if (entry.kind === 'link') return `[${path},"l",${quoted(entry.target)}]\n`;
  return `[${path},"${entry.executable ? 'x' : 'f'}","${entry.sha256}"]\n`;
}

/** The text whose SHA-256 (with `sha256:` before it) is the snapshot's digest: one line of JSON per entry. */
export function canonicalListing(listing: Listing): string {
  let text = '';
  for (const entry of listing.entries) text += canonicalLine(entry);
  return text;
}

/** With its newline. */
export function wireLine(entry: ListingEntry): string {
  const line = canonicalLine(entry);
  return entry.kind === 'file' ? `${line.slice(0, -2)},${entry.bytes}]\n` : line;
}

/** An entry of a difference: what was at this path is not there any more. With its newline. */
export function removalLine(path: string): string {
  return `[${quoted(path)},"-"]\n`;
}

/** `null` at `entry`: a removal. */
export interface WireChange {
  path: string;
  entry: ListingEntry | null;
}

const HASH = /^[0-9a-f]{64}$/;
const LONGEST_TEXT = 4096;

/** Null for a line that is none. Whether the path can be one is `ListingCheck`'s to say. */
export function parseWireLine(line: string): WireChange | null {
  const value = parsed(line);
  if (!Array.isArray(value)) return null;
  const [path, kind, detail, bytes]: unknown[] = value;
  if (!isText(path)) return null;
  if ((kind === 'f' || kind === 'x') && value.length === 4) {
    const isSize = typeof bytes === 'number' && Number.isSafeInteger(bytes) && bytes >= 0;
    if (!isSize || typeof detail !== 'string' || !HASH.test(detail)) return null;
    return { path, entry: { path, kind: 'file', executable: kind === 'x', bytes, sha256: detail } };
  }
  if (kind === 'l' && value.length === 3)
    return isText(detail) ? { path, entry: { path, kind: 'link', target: detail } } : null;
  if (kind === 'd' && value.length === 2) return { path, entry: { path, kind: 'folder' } };
  return kind === '-' && value.length === 2 ? { path, entry: null } : null;
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= LONGEST_TEXT;
}

/** A stored line: a file's size is not in it (its content knows). */
export type StoredEntry =
  | { path: string; kind: 'file'; executable: boolean; sha256: string }
  | { path: string; kind: 'link'; target: string }
  | { path: string; kind: 'folder' };

/** Characters before and after the path in a file's canonical line: `["` and `","f","<64 digits>"]`. */
export const BEFORE_PATH = 2;
export const AFTER_PATH = 73;

/** A canonical line without its newline. Throws SyntaxError for what is no line of a listing (damage). */
export function parseCanonicalLine(line: string): StoredEntry {
  // A path that is written as it is need not be parsed, which most are; all else is.
  const end = line.slice(-AFTER_PATH, -66);
  const path = line.slice(BEFORE_PATH, -AFTER_PATH);
  if ((end === '","f","' || end === '","x","') && path !== '' && PLAIN.test(path) && line.startsWith('["')) {
    const sha256 = line.slice(-66, -2);
    if (HASH.test(sha256)) return { path, kind: 'file', executable: end === '","x","', sha256 };
  }
  return parseAnyLine(line);
}

function parseAnyLine(line: string): StoredEntry {
  const value: unknown = JSON.parse(line);
  if (Array.isArray(value)) {
    const [path, kind, detail]: unknown[] = value;
    if (typeof path === 'string' && kind === 'd') return { path, kind: 'folder' };
    if (typeof path === 'string' && typeof detail === 'string') {
      if (kind === 'l') return { path, kind: 'link', target: detail };
      if ((kind === 'f' || kind === 'x') && HASH.test(detail))
        return { path, kind: 'file', executable: kind === 'x', sha256: detail };
    }
  }
  throw new SyntaxError('a line of a listing is damaged');
}

function quoted(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(text);
}
