import { createHash, randomUUID } from 'node:crypto';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readIfThere } from '../../base/io/files.ts';
import { createRecent } from '../../base/text/recent.ts';
import type { Log } from '../ports.ts';
import { experimentFolder, type Folders } from '../process/folders.ts';
import {
  closeWhole,
  isDamagedDatabase,
  isDiskTrouble,
  openDatabase,
  transaction,
  type Database,
} from '../store/database.ts';
import { parsedColumn } from '../store/rows.ts';
import type { SharedValues } from '../store/tables/shared-values.ts';

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

/** What nobody may read of a project. */
export interface ProjectPrivateValues {
  /** Values of its sensitive variables, by name. */
  variables: Record<string, string>;
  /** Secrets of its hook, the newest first; one that was replaced is good until then (ISO time). */
  hook: { secret: string; until: string | null }[];
  git: { user: string; token: string } | { private_key: string } | null;
}

const NOTHING: ProjectPrivateValues = { variables: {}, hook: [], git: null };

/**
 * Private values of experiments, in a 0600 file of their own. What several have in common stands there once, and is written once:
 * who submits many from one shell waits for the disk once each time, and not twice.
 */
export interface PrivateStore {
  /**
   * Written durably on return: called before the experiments are acknowledged.
   *
   * @returns under which name each stands: the experiment is to refer to it
   */
  put(values: readonly PrivateValues[]): string[];
  /** Empty when there are none: an experiment without its secrets says so itself, by failing. */
  read(id: string): Promise<PrivateValues>;
  /** Before the experiment goes. What no other has cannot be read from the file afterwards. */
  remove(id: string): void;
  /** The same of what was put for experiments that did not come to be. */
  forget(names: readonly string[]): void;
  /** Removes those of experiments that did not come to be: the server was killed in between. */
  keepOnly(ids: readonly string[]): void;
  ofProject(id: string): ProjectPrivateValues;
  putProject(id: string, values: ProjectPrivateValues): void;
  removeProject(id: string): void;
  close(): void;
}

/** A damaged file is set aside: experiments that need what was in it fail, the others go on. */
export async function openPrivateStore(
  folders: Folders,
  shared: SharedValues,
  log: Pick<Log, 'error'>,
): Promise<PrivateStore> {
  try {
    return await openFile(folders, shared);
  } catch (error) {
    if (!isDamagedDatabase(error)) throw error;
    const aside = `${folders.privateValues}.damaged-${Date.now()}`;
    await rename(folders.privateValues, aside);
    for (const suffix of ['-wal', '-shm']) await rm(folders.privateValues + suffix, { force: true });
    log.error(
      { err: error, aside },
      'the file of secrets and of variables of shells is damaged; a new one is begun',
    );
    return openFile(folders, shared);
  }
}

async function openFile(folders: Folders, shared: SharedValues): Promise<PrivateStore> {
  const database = await openDatabase(folders.privateValues, { timeoutMs: 5000 });
  try {
    return storeOn(database, folders, shared);
  } catch (error) {
    database.close();
    throw error;
  }
}

/** So many different ones are known to be there already. */
const KNOWN = 200;

function storeOn(database: Database, folders: Folders, shared: SharedValues): PrivateStore {
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON');
  database.exec('CREATE TABLE IF NOT EXISTS private_values (id TEXT PRIMARY KEY, text TEXT NOT NULL)');
  database.exec('CREATE TABLE IF NOT EXISTS project_values (id TEXT PRIMARY KEY, text TEXT NOT NULL)');
  const insert = database.prepare('INSERT INTO private_values (id, text) VALUES (?, ?)');
  const select = database.prepare('SELECT text FROM private_values WHERE id = ?');
  const remove = database.prepare('DELETE FROM private_values WHERE id = ?');
  const all = database.prepare('SELECT id FROM private_values');
  const left = new Set<string>();
  const removeAll = (ids: readonly string[]) => {
    for (const id of ids) left.add(id);
    if (left.size === 0) return;
    try {
      transaction(database, () => left.forEach((id) => remove.run(id)));
      left.clear();
      // The write-ahead log holds the pages as they were.
      database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    } catch (error) {
      // A deletion makes room first: what the disk does not take now goes with the next one, or at the next start.
      if (!isDiskTrouble(error)) throw error;
    }
  };
  // Names by the hash of what stands under them: the values are not kept in memory.
  const names = createRecent<string>(KNOWN);
  const nameOf = (text: string, fresh: Map<string, string>): string => {
    const hash = createHash('sha256').update(text).digest('hex');
    const known = names.get(hash);
    const isThere = known !== null && !left.has(known) && select.get(known) !== undefined;
    if (known !== null && (isThere || fresh.has(known))) return known;
    const name = names.put(hash, randomUUID());
    fresh.set(name, text);
    return name;
  };
  return {
    put(values) {
      const fresh = new Map<string, string>();
      const put = values.map((one) => nameOf(JSON.stringify(one), fresh));
      if (fresh.size > 0)
        transaction(database, () => {
          for (const [name, text] of fresh) insert.run(name, text);
        });
      return put;
    },
    async read(id) {
      const row: { text: string } | undefined = Object(select.get(shared.nameOf(id) ?? id));
      return parsedColumn<PrivateValues>(row?.text) ?? readFileOfBefore(folders, id);
    },
    remove(id) {
      const name = shared.nameOf(id);
      if (name === null) removeAll([id]);
      else if (!shared.isUsedByOthers(name, id)) removeAll([name]);
    },
    forget: (some) => removeAll(some.filter((name) => !shared.isUsed(name))),
    keepOnly(ids) {
      const known = new Set([...ids, ...shared.names()]);
      const found = all.all().map((row): { id: string } => Object(row));
      removeAll(found.map(({ id }) => id).filter((id) => !known.has(id)));
    },
    ...projectValuesOn(database),
    close: () => closeWhole(database),
  };
}

function projectValuesOn(
  database: Database,
): Pick<PrivateStore, 'ofProject' | 'putProject' | 'removeProject'> {
  const put = database.prepare('INSERT OR REPLACE INTO project_values (id, text) VALUES (?, ?)');
  const get = database.prepare('SELECT text FROM project_values WHERE id = ?');
  const remove = database.prepare('DELETE FROM project_values WHERE id = ?');
  const forGood = (change: () => void) => {
    transaction(database, change);
    // What was there before stands in the write-ahead log.
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  };
  return {
    ofProject(id) {
      const row: { text: string } | undefined = Object(get.get(id));
      return { ...NOTHING, ...parsedColumn<ProjectPrivateValues>(row?.text) };
    },
    putProject: (id, values) => forGood(() => put.run(id, JSON.stringify(values))),
    removeProject: (id) => forGood(() => remove.run(id)),
  };
}

/** Experiments of earlier versions have a file each. */
async function readFileOfBefore(folders: Folders, id: string): Promise<PrivateValues> {
  const text = await readIfThere(join(experimentFolder(folders, id), 'secrets.json'));
  const none: PrivateValues = { secrets: {}, shell: {}, python_env: null, rebuild: false };
  return text === null ? none : { ...none, ...JSON.parse(text) };
}
