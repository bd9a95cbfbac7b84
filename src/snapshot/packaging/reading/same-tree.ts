import { lstatSync, readdirSync, readlinkSync } from 'node:fs';
import { parseCanonicalLine, type StoredEntry } from '../../listing/lines.ts';
import { changedLines, isSameLooks, looksOf, sharedSlices } from './look.ts';
import type { ScanRecord } from './record.ts';
import { startHelper } from './threads.ts';
import { createTurns } from '../../../base/async/turns.ts';
import { namesOf, type FoundFile } from './walk.ts';

/** From so many lines on, a second thread helps. */
const WORTH_A_THREAD = 4000;

/** More than that is read like a tree that nobody knows. */
const MOST_CHANGED = 1000;

/** A line of the record whose file must be read again; null: the file is not what it was then. */
export interface ChangedFile {
  line: number;
  entry: StoredEntry & { kind: 'file' };
  found: FoundFile;
}

/**
 * Whether a tree still has the folders, names and links that the record tells of, and which of its files may have
 * changed. Null: something is not as it was, or may not be, so that the tree must be walked again.
 */
export async function changedFiles(
  root: string,
  record: ScanRecord,
  signal: AbortSignal | undefined,
): Promise<ChangedFile[] | null> {
  const { folders, watched } = record.about;
  const hasSameLooks = (path: string, looks: ScanRecord['about']['watched'][number]['looks']) => {
    const stat = lstatSync(`${root}/${path}`, { throwIfNoEntry: false });
    return stat !== undefined && isSameLooks(looksOf(stat), looks);
  };
  try {
    if (!watched.every(({ path, looks }) => hasSameLooks(path, looks))) return null;
    const sameFolder = ({ prefix, looks, names }: (typeof folders)[number]) =>
      hasSameLooks(prefix, looks) ||
      namesOf(readdirSync(`${root}/${prefix}`, { withFileTypes: true })) === names;
    if (!folders.every(sameFolder)) return null;
    const lines = await linesThatChanged(root, record, signal);
    if (lines.length > MOST_CHANGED) return null;
    return lines.length === 0 ? [] : filesOf(root, record, lines);
  } catch (error) {
    // Whoever walks will meet it again, and say what is wrong.
    if (signal?.aborted) throw error;
    return null;
  }
}

async function linesThatChanged(
  root: string,
  record: ScanRecord,
  signal: AbortSignal | undefined,
): Promise<number[]> {
  const count = record.starts.length - 1;
  const lines: number[] = [];
  const add = (more: number[]) => lines.push(...more);
  const taken = new SharedArrayBuffer(4);
  const helper = count < WORTH_A_THREAD ? null : startHelper(lookJob(root, record, taken), add);
  try {
    const slices = sharedSlices(taken, count);
    const turns = createTurns(signal);
    for (let slice = slices.next(); slice; slice = slices.next()) {
      add(changedLines(root, record, slice));
      if (turns.isDue()) await turns.take();
      if (lines.length > MOST_CHANGED) return lines;
    }
    await helper?.ended;
  } finally {
    helper?.stop();
  }
  return lines.sort((a, b) => a - b);
}

/** Nothing is copied: what was read lies in memory that both see. */
function lookJob(root: string, { text, starts, looks }: ScanRecord, taken: SharedArrayBuffer) {
  return { kind: 'look' as const, root, taken, text, starts, looks };
}

/** Null when one of them is no file, or says what is taken. */
function filesOf(root: string, { text, starts }: ScanRecord, lines: readonly number[]): ChangedFile[] | null {
  const changed: ChangedFile[] = [];
  for (const line of lines) {
    const entry = parseCanonicalLine(text.toString('utf8', starts[line], (starts[line + 1] ?? 1) - 1));
    const { path } = entry;
    if (entry.kind === 'link' && readlinkSync(`${root}/${path}`) === entry.target) continue;
    if (entry.kind === 'folder') continue;
    const stat = lstatSync(`${root}/${path}`, { throwIfNoEntry: false });
    if (entry.kind === 'link' || !stat?.isFile() || /(?:^|\/)\.gitignore$/.test(path)) return null;
    const { mode, size, mtimeMs, ctimeMs, ino } = stat;
    const found = { path, executable: (mode & 0o100) !== 0, bytes: size, mtimeMs, ctimeMs, inode: ino };
    changed.push({ line, entry, found });
  }
  return changed;
}
