import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { createTurns } from '../../../base/async/turns.ts';
import { isAbsent } from '../../../base/io/files-sync.ts';
import { AichorError } from '../../../errors.ts';
import { parseCanonicalLine, type StoredEntry } from '../../listing/lines.ts';

/**
 * A listing on disk: its canonical text, line by line in the order of paths, then one line of JSON that sums it up.
 * It is read from the file as it is needed, never held as a whole: a listing of 200,000 files has 26 MB.
 */
export interface StoredListing {
  path: string;
  summary: ListingSummary;
  /** In order, from the line that begins at a byte on. Throws DamagedListing. */
  entries(from?: number): Generator<StoredEntry, void, void>;
  /** The entry at a path, and where its line is or would be: bytes from the start. Throws DamagedListing. */
  find(path: string): { entry: StoredEntry | null; at: number; end: number };
  /** Reads it all, in turns; whether its text is the one that the digest names. */
  isSound(digest: string): Promise<boolean>;
}

export interface ListingSummary {
  version: 2;
  /** Bytes of the canonical text. */
  text: number;
  entries: number;
  /** Content of all files together. */
  bytes: number;
  /** How many there are. */
  links: number;
  folders: number;
}

/** A listing cannot be read as one. */
export class DamagedListing extends Error {
  override name = 'DamagedListing';
}

const PIECE = 1 << 16;
const NEWLINE = 0x0a;
/** Longest summary, and more. */
const TAIL = 1024;

/** Null when there is no such file. Throws DamagedListing for one that is no listing, or was cut off. */
export function openListing(path: string): StoredListing | null {
  const summary = summaryOf(path);
  if (summary === null) return null;
  return {
    path,
    summary,
    entries: (from = 0) => readEntries(path, { from, text: summary.text }),
    find: (wanted) => withFile(path, (file) => findEntry(file, summary.text, wanted)),
    isSound: async (digest) => `sha256:${await hashOfText(path, summary.text)}` === digest,
  };
}

/** It was there when it was opened: since then something that it names was found damaged. */
function reopen(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (cause) {
    if (!isAbsent(cause)) throw cause;
    throw new AichorError('server_error', 'the snapshot was removed, because something of it is damaged', {
      hint: 'submit the directory again: what is missing is sent again',
      cause,
    });
  }
}

function withFile<T>(path: string, work: (file: number) => T): T {
  const file = reopen(path);
  try {
    return work(file);
  } finally {
    closeSync(file);
  }
}

function summaryOf(path: string): ListingSummary | null {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    if (isAbsent(error)) return null;
    throw error;
  }
  try {
    const { size } = fstatSync(file);
    const tail = readAt(file, Math.max(0, size - TAIL), Math.min(size, TAIL));
    const start = tail.lastIndexOf(NEWLINE, tail.length - 2) + 1;
    const summary = parsedSummary(tail.toString('utf8', start));
    if (summary === null || summary.text !== size - (tail.length - start))
      throw new DamagedListing(`${path} was cut off or changed`);
    return summary;
  } finally {
    closeSync(file);
  }
}

function parsedSummary(line: string): ListingSummary | null {
  if (!line.endsWith('}\n')) return null;
  try {
    const value: unknown = JSON.parse(line);
    return isSummary(value) ? value : null;
  } catch {
    return null;
  }
}

function isSummary(value: unknown): value is ListingSummary {
  if (typeof value !== 'object' || value === null || !('version' in value) || value.version !== 2)
    return false;
  return ['text', 'entries', 'bytes', 'links', 'folders'].every((name) =>
    Number.isSafeInteger((value as Record<string, unknown>)[name]),
  );
}

function* readEntries(
  path: string,
  { from, text }: { from: number; text: number },
): Generator<StoredEntry, void, void> {
  const file = reopen(path);
  try {
    let rest = '';
    const decoder = new TextDecoder('utf-8');
    for (let at = from; at < text;) {
      const piece = readAt(file, at, Math.min(PIECE, text - at));
      at += piece.length;
      const lines = (rest + decoder.decode(piece, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) yield entryOf(line);
    }
    if (rest !== '') throw new DamagedListing(`${path} ends within a line`);
  } finally {
    closeSync(file);
  }
}

function entryOf(line: string): StoredEntry {
  try {
    return parseCanonicalLine(line);
  } catch (cause) {
    throw new DamagedListing('a line of a listing is damaged', { cause });
  }
}

/** Halves the text until the line is found: some fifteen reads in 26 MB. */
function findEntry(file: number, text: number, wanted: string): ReturnType<StoredListing['find']> {
  let low = 0;
  let high = text;
  while (low < high) {
    const line = lineAround(file, low + ((high - low) >> 1), { low, text });
    const entry = entryOf(line.text);
    if (entry.path === wanted) return { entry, at: line.start, end: line.end };
    if (entry.path < wanted) low = line.end;
    else high = line.start;
  }
  return { entry: null, at: low, end: low };
}

/** The line that the byte at `middle` belongs to; a line starts at `low`. */
function lineAround(
  file: number,
  middle: number,
  { low, text }: { low: number; text: number },
): { start: number; end: number; text: string } {
  for (let reach = 512; ; reach *= 4) {
    const from = Math.max(low, middle - reach);
    const to = Math.min(text, middle + reach);
    const bytes = readAt(file, from, to - from);
    // A newline belongs to the line that it ends.
    const before = middle === from ? -1 : bytes.lastIndexOf(NEWLINE, middle - from - 1);
    const after = bytes.indexOf(NEWLINE, middle - from);
    const hasStart = before >= 0 || from === low;
    if (hasStart && after >= 0)
      return {
        start: from + before + 1,
        end: from + after + 1,
        text: bytes.toString('utf8', before + 1, after),
      };
    if (from === low && to === text) throw new DamagedListing('a listing has a line without an end');
  }
}

async function hashOfText(path: string, text: number): Promise<string> {
  const content = createHash('sha256');
  const turns = createTurns();
  const file = reopen(path);
  try {
    for (let at = 0; at < text;) {
      if (turns.isDue()) await turns.take();
      const piece = readAt(file, at, Math.min(PIECE * 16, text - at));
      content.update(piece);
      at += piece.length;
    }
  } finally {
    closeSync(file);
  }
  return content.digest('hex');
}

function readAt(file: number, at: number, bytes: number): Buffer {
  const piece = Buffer.allocUnsafe(bytes);
  for (let done = 0; done < bytes;) {
    const count = readSync(file, piece, done, bytes - done, at + done);
    if (count === 0) throw new DamagedListing('a listing ends early');
    done += count;
  }
  return piece;
}
