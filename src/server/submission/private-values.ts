import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readIfThere } from '../../base/io/files.ts';
import type { Log } from '../ports.ts';
import { experimentFolder, type Folders } from '../process/folders.ts';
import {
  closeWhole,
  isDamagedDatabase,
  openDatabase,
  transaction,
  type Database,
} from '../store/database.ts';
import { parsedColumn } from '../store/rows.ts';

/** What an experiment needs and nobody may read: never in the record, the log or an error. */
export interface PrivateValues {
  secrets: Record<string, string>;
  /** PATH, HOME, LANG, … of the submitting shell (contract 7); proxies may carry passwords. */
  shell: Record<string, string>;
  /** `--python-env`: a Python environment of this machine that is used as it is. */
  python_env: string | null;
  /** `--rebuild`. */
  rebuild: boolean;
}

/** Private values by experiment, in a 0600 file of their own. */
export interface PrivateStore {
  /** Written durably on return: called before the experiments are acknowledged. */
  put(values: ReadonlyMap<string, PrivateValues>): void;
  /** Empty when there are none: an experiment without its secrets says so itself, by failing. */
  read(id: string): Promise<PrivateValues>;
  /** What was deleted cannot be read from the file any more. */
  remove(ids: readonly string[]): void;
  /** Removes those of experiments that did not come to be: the server was killed in between. */
  keepOnly(ids: readonly string[]): void;
  close(): void;
}

/** A damaged file is set aside: experiments that need what was in it fail, the others go on. */
export async function openPrivateStore(folders: Folders, log: Pick<Log, 'error'>): Promise<PrivateStore> {
  try {
    return await openFile(folders);
  } catch (error) {
    if (!isDamagedDatabase(error)) throw error;
    const aside = `${folders.privateValues}.damaged-${Date.now()}`;
    await rename(folders.privateValues, aside);
    for (const suffix of ['-wal', '-shm']) await rm(folders.privateValues + suffix, { force: true });
    log.error(
      { err: error, aside },
      'the file of secrets and of variables of shells is damaged; a new one is begun',
    );
    return openFile(folders);
  }
}

async function openFile(folders: Folders): Promise<PrivateStore> {
  const database = await openDatabase(folders.privateValues, { timeoutMs: 5000 });
  try {
    return storeOn(database, folders);
  } catch (error) {
    database.close();
    throw error;
  }
}

function storeOn(database: Database, folders: Folders): PrivateStore {
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON');
  database.exec('CREATE TABLE IF NOT EXISTS private_values (id TEXT PRIMARY KEY, text TEXT NOT NULL)');
  const insert = database.prepare('INSERT INTO private_values (id, text) VALUES (?, ?)');
  const select = database.prepare('SELECT text FROM private_values WHERE id = ?');
  const remove = database.prepare('DELETE FROM private_values WHERE id = ?');
  const all = database.prepare('SELECT id FROM private_values');
  const removeAll = (ids: readonly string[]) => {
    if (ids.length === 0) return;
    transaction(database, () => ids.forEach((id) => remove.run(id)));
    // The write-ahead log holds the pages as they were.
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  };
  return {
    put: (values) =>
      transaction(database, () => {
        for (const [id, one] of values) insert.run(id, JSON.stringify(one));
      }),
    async read(id) {
      const row: { text: string } | undefined = Object(select.get(id));
      return parsedColumn<PrivateValues>(row?.text) ?? readFileOfBefore(folders, id);
    },
    remove: removeAll,
    keepOnly(ids) {
      const known = new Set(ids);
      const found = all.all().map((row): { id: string } => Object(row));
      removeAll(found.map(({ id }) => id).filter((id) => !known.has(id)));
    },
    close: () => closeWhole(database),
  };
}

/** Experiments of earlier versions have a file each. */
async function readFileOfBefore(folders: Folders, id: string): Promise<PrivateValues> {
  const text = await readIfThere(join(experimentFolder(folders, id), 'secrets.json'));
  const none: PrivateValues = { secrets: {}, shell: {}, python_env: null, rebuild: false };
  return text === null ? none : { ...none, ...JSON.parse(text) };
}
