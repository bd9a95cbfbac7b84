import { lstatSync } from 'node:fs';
import { AFTER_PATH, BEFORE_PATH, parseCanonicalLine, type StoredEntry } from '../../listing/lines.ts';
import { LOOKS, type Looks, type ScanRecord } from './record.ts';

/** Lines that a thread takes at a time. */
const SLICE = 256;

/** Hands out slices of a list to whoever asks next, in whichever thread. */
export interface Slices {
  /** First and (exclusive) last of the next slice, or null when all are taken. */
  next(): { from: number; to: number } | null;
}

/** @param shared one 32-bit number, 0 at first: how many slices are taken */
export function sharedSlices(shared: SharedArrayBuffer, length: number): Slices {
  const taken = new Int32Array(shared);
  return {
    next() {
      const from = Atomics.add(taken, 0, 1) * SLICE;
      return from >= length ? null : { from, to: Math.min(length, from + SLICE) };
    },
  };
}

/** Lines of a record whose file, link or folder does not look as it did. */
export function changedLines(
  root: string,
  { text, starts, looks }: Pick<ScanRecord, 'text' | 'starts' | 'looks'>,
  { from, to }: { from: number; to: number },
): number[] {
  const changed: number[] = [];
  const lines = text.toString('utf8', starts[from], starts[to]).split('\n');
  for (let line = from; line < to; line++) {
    const { path, kind } = pathAndKind(lines[line - from] ?? '');
    if (!looksSame(`${root}/${path}`, kind, looks, line * LOOKS)) changed.push(line);
  }
  return changed;
}

/** Of a line that was checked: what ends as a file's line does is one, and most paths stand there as they are. */
export function pathAndKind(line: string): { path: string; kind: StoredEntry['kind'] } {
  const end = line.length - AFTER_PATH;
  const isFile = end > 0 && (line.startsWith('","f","', end) || line.startsWith('","x","', end));
  if (!isFile || line.includes('\\')) return parseCanonicalLine(line);
  return { path: line.slice(BEFORE_PATH, end), kind: 'file' };
}

function looksSame(path: string, kind: 'file' | 'link' | 'folder', looks: Float64Array, at: number): boolean {
  let stat;
  try {
    stat = lstatSync(path, { throwIfNoEntry: false });
  } catch {
    return false;
  }
  return (
    stat !== undefined &&
    (kind === 'file' ? stat.isFile() : kind === 'link' ? stat.isSymbolicLink() : stat.isDirectory()) &&
    stat.size === looks[at] &&
    stat.mtimeMs === looks[at + 1] &&
    stat.ctimeMs === looks[at + 2] &&
    stat.ino === looks[at + 3]
  );
}

export function looksOf(stat: { size: number; mtimeMs: number; ctimeMs: number; ino: number }): Looks {
  return [stat.size, stat.mtimeMs, stat.ctimeMs, stat.ino];
}

export function isSameLooks(a: Looks, b: Looks): boolean {
  return a.every((number, at) => number === b[at]);
}
