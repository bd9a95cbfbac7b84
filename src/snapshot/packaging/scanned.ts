import { parseCanonicalLine, removalLine, wireLine, type StoredEntry } from '../listing/lines.ts';
import type { Listing, ListingEntry } from '../listing/listing.ts';
import { largestEntries, type Weight } from './largest.ts';
import { pathAndKind } from './reading/look.ts';
import type { GitState } from './selection/git-state.ts';
import { LOOKS, type ScanRecord } from './reading/record.ts';

/** A directory as it would be sent. */
export interface Scan {
  /** `sha256:…` of the listing. */
  digest: string;
  /** Made when it is asked for: whoever sends a tree that is known needs none of it. */
  listing: Listing;
  notices: { code: string; message: string }[];
  /** Files and links. */
  files: number;
  /** Content of all files together. */
  bytes: number;
  /** Where it stands in its Git repository; null: in none, or Git could not be asked. */
  git: GitState | null;
  /** Five entries of the top two levels, heaviest first; folders end in `/`. */
  largest: Weight[];
  paths: ScannedPaths;
  /** As it is announced: see `wire.ts`. */
  wire(): WireText;
  /** What differs from the listing of the last scan, when that is known and the difference is small. */
  difference(): (WireText & { base: string }) | null;
  /** Contents that are still in memory, by their SHA-256. */
  contents: ReadonlyMap<string, Buffer>;
  record: ScanRecord;
}

/** Lines for the wire, and the entry of each that is not a removal. */
export interface WireText {
  lines: string;
  entry(line: number): ListingEntry | null;
}

export interface ScannedPaths {
  has(path: string): boolean;
  hasFolder(path: string): boolean;
  /** Files and links, sorted. */
  list(): readonly string[];
}

interface Origin {
  /** Digest of the scan before this one, null when there was none. */
  base: string | null;
  /** Lines that differ from it; the others are the same. */
  changed?: readonly number[];
  /** The scan before, when lines may have come or gone. */
  known?: ScanRecord | null;
  contents?: ReadonlyMap<string, Buffer>;
}

/** More than that is sent as a whole. */
const MOST_CHANGES = 1000;

export function createScan(record: ScanRecord, origin: Origin): Scan {
  const { about } = record;
  const count = record.starts.length - 1;
  const entries = () => Array.from({ length: count }, (_, line) => entryAt(record, line));
  let listing: Listing | null = null;
  return {
    record,
    digest: about.digest,
    get listing() {
      return (listing ??= { entries: entries() });
    },
    notices: [...about.notices],
    files: about.files,
    bytes: about.bytes,
    git: about.git.state,
    get largest() {
      return (about.largest ??= largestEntries(filesOf(record)));
    },
    paths: pathsOf(record),
    wire: () => ({ lines: wholeText(record), entry: (line) => entryAt(record, line) }),
    difference() {
      if (origin.base === null || origin.base === about.digest) return null;
      const changes = origin.changed
        ? origin.changed.map((line) => ({ entry: entryAt(record, line), path: '' }))
        : origin.known && differences(origin.known, record);
      if (!changes || changes.length > MOST_CHANGES) return null;
      return {
        base: origin.base,
        lines: changes.map(({ entry, path }) => (entry ? wireLine(entry) : removalLine(path))).join(''),
        entry: (line) => changes[line]?.entry ?? null,
      };
    },
    contents: origin.contents ?? new Map<string, Buffer>(),
  };
}

function* filesOf(record: ScanRecord): Generator<Weight, void, void> {
  const lines = record.text.toString().split('\n');
  for (let line = 0; line < record.starts.length - 1; line++) {
    const { path, kind } = pathAndKind(lines[line] ?? '');
    if (kind === 'file') yield { path, bytes: record.looks[line * LOOKS] ?? 0 };
  }
}

function storedAt({ text, starts }: ScanRecord, line: number): StoredEntry {
  return parseCanonicalLine(text.toString('utf8', starts[line], (starts[line + 1] ?? 1) - 1));
}

function entryAt(record: ScanRecord, line: number): ListingEntry {
  const entry = storedAt(record, line);
  return entry.kind === 'file' ? { ...entry, bytes: record.looks[line * LOOKS] ?? 0 } : entry;
}

/** The canonical text with each file's bytes in its line. */
function wholeText({ text, looks }: ScanRecord): string {
  const lines = text.toString().split('\n');
  lines.pop();
  let wire = '';
  for (const [at, line] of lines.entries()) {
    const isFile = /","[fx]","$/.test(line.slice(-73, -66));
    wire += isFile ? `${line.slice(0, -1)},${looks[at * LOOKS]}]\n` : `${line}\n`;
  }
  return wire;
}

interface Change {
  path: string;
  entry: ListingEntry | null;
}

/** What must be said to get from one listing to the other; null when it is too much. */
function differences(from: ScanRecord, to: ScanRecord): Change[] | null {
  const old = from.text.toString().split('\n');
  const now = to.text.toString().split('\n');
  const changes: Change[] = [];
  const pathOf = (line: string) => parseCanonicalLine(line).path;
  // The last of each is what follows the last newline: nothing.
  let at = 0;
  for (let line = 0; line < now.length - 1 || at < old.length - 1;) {
    const before = at < old.length - 1 ? (old[at] ?? '') : null;
    const after = line < now.length - 1 ? (now[line] ?? '') : null;
    if (before === after) {
      at++;
      line++;
      continue;
    }
    if (changes.length > MOST_CHANGES) return null;
    const oldPath = before === null ? null : pathOf(before);
    const newPath = after === null ? null : pathOf(after);
    if (oldPath !== null && (newPath === null || oldPath < newPath)) {
      changes.push({ path: oldPath, entry: null });
      at++;
      continue;
    }
    if (oldPath === newPath) at++;
    changes.push({ path: newPath ?? '', entry: entryAt(to, line) });
    line++;
  }
  return changes;
}

function pathsOf(record: ScanRecord): ScannedPaths {
  const count = record.starts.length - 1;
  /** First line whose path is not before this one. */
  const search = (path: string): number => {
    let low = 0;
    let high = count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (storedAt(record, middle).path < path) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  const at = (line: number) => (line < count ? storedAt(record, line) : null);
  return {
    has(path) {
      const entry = at(search(path));
      return entry?.path === path && entry.kind !== 'folder';
    },
    hasFolder(path) {
      const entry = at(search(path));
      return (
        (entry?.path === path && entry.kind === 'folder') ||
        at(search(`${path}/`))?.path.startsWith(`${path}/`) === true
      );
    },
    list: () =>
      Array.from({ length: count }, (_, line) => storedAt(record, line))
        .filter(({ kind }) => kind !== 'folder')
        .map(({ path }) => path),
  };
}
