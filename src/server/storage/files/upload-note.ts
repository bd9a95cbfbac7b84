import { readdir, rm, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { ifThere, readIfThere } from '../../../base/io/files.ts';
import { place } from '../../../base/io/place.ts';

/** Whose files are at a place. */
export interface PlaceName {
  kind: 'inputs' | 'outputs';
  project: string;
  engine: string;
  /** Id; null: they are the project's. */
  experiment: string | null;
}

/** What is remembered of a file that is sent to an object store in parts: all that it takes to go on with it, or to give it up. */
export interface UploadNote {
  /** The store's own name for it. */
  upload: string;
  /** Of the file, in its place. */
  path: string;
  /** Of the place; ends in `/`. */
  address: string;
  of: PlaceName;
}

/** Notes of uploads, a file each, in one folder. Their times say when they were gone on with last. */
export interface UploadNotes {
  /** Null: there is none, or it is not to be read. */
  read(id: string): Promise<UploadNote | null>;
  write(id: string, note: UploadNote): Promise<void>;
  /** Somebody goes on with it. */
  touch(id: string): Promise<void>;
  remove(id: string): Promise<void>;
  /** Ids of all. */
  ids(): Promise<string[]>;
}

const ENDING = '.json';

export function uploadNotes(folder: string): UploadNotes {
  const fileOf = (id: string) => join(folder, `${id}${ENDING}`);
  return {
    async read(id) {
      const text = await readIfThere(fileOf(id));
      return text === null ? null : parseNote(text);
    },
    write: (id, note) => place(fileOf(id), JSON.stringify(note)),
    async touch(id) {
      const now = new Date();
      await ifThere(utimes(fileOf(id), now, now));
    },
    remove: (id) => rm(fileOf(id), { force: true }),
    async ids() {
      const names = ((await ifThere(readdir(folder))) ?? []).filter((name) => name.endsWith(ENDING));
      return names.map((name) => name.slice(0, -ENDING.length));
    },
  };
}

function parseNote(text: string): UploadNote | null {
  try {
    const note = JSON.parse(text) as Partial<UploadNote>;
    const { upload, path, address, of } = note;
    if (typeof upload !== 'string' || typeof path !== 'string' || typeof address !== 'string') return null;
    return typeof of === 'object' && of !== null ? { upload, path, address, of } : null;
  } catch {
    return null;
  }
}
