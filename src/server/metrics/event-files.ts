import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { systemErrorCode } from '../../errors.ts';

/** An event file below the folder of TensorBoard. */
export interface EventFile {
  /** Below that folder, with `/`. */
  name: string;
  /** The folder it is in, below that one; `''`: that one itself. */
  run: string;
}

const DEEPEST = 8;
/** Folders and files that are looked at, of one experiment. */
const MOST_ENTRIES = 5000;
const MOST_FILES = 1000;

/** Finds event files again and again. */
export interface EventFileFinder {
  /**
   * The event files that are there now, in the order of their names: what TensorBoard takes, less links, which may lead anywhere.
   * A folder that is not there, or goes meanwhile, has none. Without waiting: a walk is some microseconds a folder on the disk of this
   * machine, and the half of a percent of a processor that following may cost would go into waking up.
   */
  find(): EventFile[];
}

/** What a folder held when it was read, in milliseconds of the clock of this machine. */
interface Listed {
  inode: number;
  changed: number;
  read: number;
  /** What is in it that counts, sorted. */
  entries: { name: string; isFolder: boolean }[];
}

/** Clocks of file systems are coarse: a folder counts as unchanged when it had been left alone for so long. */
const SETTLED_MS = 2000;
/** Clocks of other machines may be wrong: after so long a folder is read in any case. */
const BELIEVED_MS = 30_000;

/** Of the files below a folder. Folders that have not changed are not read again. */
export function createEventFileFinder(folder: string): EventFileFinder {
  let known = new Map<string, Listed>();
  return {
    find() {
      const files: EventFile[] = [];
      const now = new Map<string, Listed>();
      let seen = 0;
      const walk = (run: string, depth: number) => {
        const listed = listFolder(join(folder, run), known.get(run));
        now.set(run, listed);
        for (const { name: last, isFolder } of listed.entries) {
          if (++seen > MOST_ENTRIES || files.length >= MOST_FILES) return;
          const name = run === '' ? last : `${run}/${last}`;
          if (!isFolder) files.push({ name, run });
          else if (depth < DEEPEST) walk(name, depth + 1);
        }
      };
      walk('', 0);
      known = now;
      return files;
    },
  };
}

function listFolder(path: string, before: Listed | undefined): Listed {
  const read = Date.now();
  const found = unlessSystemSaysNo(() => statSync(path, { throwIfNoEntry: false }), undefined);
  if (found === undefined) return { inode: 0, changed: 0, read, entries: [] };
  const { ino: inode, mtimeMs: changed } = found;
  const isSame = before?.inode === inode && before.changed === changed;
  if (isSame && before.read - changed > SETTLED_MS && Math.abs(read - before.read) < BELIEVED_MS)
    return before;
  const entries = unlessSystemSaysNo(() => readdirSync(path, { withFileTypes: true }), [])
    .filter((entry) => entry.isDirectory() || (entry.isFile() && entry.name.includes('tfevents')))
    .map((entry) => ({ name: entry.name, isFolder: entry.isDirectory() }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .slice(0, MOST_ENTRIES);
  return { inode, changed, read, entries };
}

function unlessSystemSaysNo<T>(look: () => T, otherwise: T): T {
  try {
    return look();
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return otherwise;
  }
}
