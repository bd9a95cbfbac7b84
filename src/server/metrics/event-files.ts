import { readdirSync, type Dirent } from 'node:fs';
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

/**
 * The event files below a folder, in the order of their names: what TensorBoard takes, less links, which may lead anywhere.
 * A folder that is not there, or goes meanwhile, has none. Without waiting: a walk is some microseconds a folder on the disk of this
 * machine, and the half of a percent of a processor that following may cost would go into waking up.
 */
export function eventFilesBelow(folder: string): EventFile[] {
  const files: EventFile[] = [];
  let seen = 0;
  const walk = (run: string, depth: number) => {
    const entries = entriesOf(join(folder, run));
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (++seen > MOST_ENTRIES || files.length >= MOST_FILES) return;
      const name = run === '' ? entry.name : `${run}/${entry.name}`;
      if (entry.isDirectory() && depth < DEEPEST) walk(name, depth + 1);
      else if (entry.isFile() && entry.name.includes('tfevents')) files.push({ name, run });
    }
  };
  walk('', 0);
  return files;
}

function entriesOf(path: string): Dirent[] {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return [];
  }
}
