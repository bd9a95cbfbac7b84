import { randomUUID } from 'node:crypto';
import { open, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeFolderSync } from '../../base/io/files-sync.ts';
import { ifThere, isThere } from '../../base/io/files.ts';
import { place } from '../../base/io/place.ts';
import { AichorError, systemErrorCode } from '../../errors.ts';
import { stateFolder, type StateFolder } from '../../machine/state-folder.ts';
import { lockOf } from '../doctor/offline.ts';
import { foldersBelow, type Folders } from '../process/folders.ts';
import { refuseMisplaced } from '../process/state-folders.ts';
import { renumberFeed } from '../store/tables/feed.ts';
import { closeWhole, isDamagedDatabase, openDatabase } from '../store/database.ts';
import { contentOf, readArchive, type ArchiveEntry, type BackupFacts } from './archive.ts';

/** What came of restoring. */
export interface Restored {
  experiments: number;
  /** When the backup was made. */
  created_at: string;
  /** Files that were missing, and are there again. */
  files: number;
  /** Where the database is that was there before; null: there was none. */
  aside: string | null;
}

interface Restoring {
  env: Record<string, string | undefined>;
  file: string;
  /** Also when there are experiments, which the backup may not know. */
  force: boolean;
  now: Date;
}

/**
 * Puts the records of a backup in place, and each file that is not there any more; logs and stored directories that are
 * there are left as they are, being the same or newer. No server may run. Throws AichorError `conflict` when there
 * are experiments already, `usage` for what is no whole backup: nothing has changed then.
 */
export async function restore({ env, file, force, now }: Restoring): Promise<Restored> {
  const state = stateFolder(env);
  const folders = foldersBelow(state.data);
  const handle = await openBackup(file);
  try {
    const { facts, entries } = await readArchive(file, handle);
    refuseMisplaced(state);
    const lock = await lockOf(folders);
    try {
      if (!force) await assertNoExperiments(folders);
      const files = await putBack(state, handle, entries);
      const aside = await putDatabases(folders, handle, { entries, facts, now });
      return { experiments: facts.experiments, created_at: facts.created_at, files, aside };
    } finally {
      lock.release();
    }
  } finally {
    await handle.close();
  }
}

async function openBackup(file: string): Promise<FileHandle> {
  try {
    return await open(file, 'r');
  } catch (cause) {
    const code = systemErrorCode(cause);
    if (code === undefined) throw cause;
    throw new AichorError('not_found', `the backup ${file} cannot be read (${code})`, {
      hint: 'name a file that aichor server backup has written',
      cause,
    });
  }
}

async function assertNoExperiments({ database, data }: Folders): Promise<void> {
  const count = await countIn(database);
  if (count === 0) return;
  throw new AichorError(
    'conflict',
    `${data} has ${count === 1 ? 'an experiment' : `${count} experiments`}, of which the backup may know nothing`,
    {
      hint: 'aichor server restore FILE --force puts the backup in place all the same, and keeps the present database beside it',
    },
  );
}

/** 0 for what is not there, or cannot be read. */
async function countIn(file: string): Promise<number> {
  if (((await ifThere(stat(file)))?.size ?? 0) === 0) return 0;
  const database = await openDatabase(file, { timeoutMs: 5000 });
  try {
    if (database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'experiments'").get() === undefined)
      return 0;
    return Number(Object.values(Object(database.prepare('SELECT count(*) FROM experiments').get()))[0]);
  } catch (error) {
    if (isDamagedDatabase(error)) return 0;
    throw error;
  } finally {
    database.close();
  }
}

const DATABASES = new Set(['control-plane.sqlite', 'private-values.sqlite', 'notifications.sqlite']);

/** Everything but the databases, where it is missing. */
async function putBack(
  { data, config }: StateFolder,
  handle: FileHandle,
  entries: readonly ArchiveEntry[],
): Promise<number> {
  const kept = new Map<string, boolean>();
  let files = 0;
  for (const entry of entries) {
    if (DATABASES.has(entry.path)) continue;
    const target = entry.path.startsWith('config/')
      ? join(config, entry.path.slice('config/'.length))
      : join(data, entry.path);
    const unit = unitOf(entry.path);
    if (unit !== null && !kept.has(unit)) kept.set(unit, await isThere(join(data, unit)));
    if (unit !== null ? kept.get(unit) : await isThere(target)) continue;
    makeFolderSync(dirname(target), 0o700);
    await place(target, contentOf(handle, entry));
    files++;
  }
  return files;
}

/** What belongs together: a log of which half is of another day would tell nonsense. */
function unitOf(path: string): string | null {
  return /^experiments\/[^/]+\/(?:logs|engine)(?=\/)/.exec(path)?.[0] ?? null;
}

async function putDatabases(
  folders: Folders,
  handle: FileHandle,
  { entries, facts, now }: { entries: readonly ArchiveEntry[]; facts: BackupFacts; now: Date },
): Promise<string | null> {
  const suffix = `.before-${now.toISOString().replaceAll(':', '-')}`;
  let aside: string | null = null;
  for (const file of [folders.privateValues, folders.outbox, folders.database]) {
    const entry = entries.find(({ path }) => join(folders.data, path) === file);
    if (entry === undefined) continue;
    const fresh = `${file}.${randomUUID()}.new`;
    await place(fresh, contentOf(handle, entry), { durable: true });
    if (file === folders.database) await settleRecords(fresh, { from: facts.data, to: folders.data, now });
    const moved = await ifThere(rename(file, file + suffix).then(() => true));
    for (const part of ['-wal', '-shm']) await ifThere(rename(file + part, file + suffix + part));
    if (moved && file === folders.database) aside = file + suffix;
    await rename(fresh, file);
    for (const part of ['-wal', '-shm']) await rm(fresh + part, { force: true });
  }
  return aside;
}

/**
 * Records tell where outputs and inputs are: below the folder that they are restored to, from then on. Changes get numbers that nobody
 * has seen: who follows them has seen some since the backup, and would take what comes for those.
 */
async function settleRecords(
  file: string,
  { from, to, now }: { from: string; to: string; now: Date },
): Promise<void> {
  const database = await openDatabase(file, { timeoutMs: 5000 });
  const quoted = (folder: string) => JSON.stringify(`${folder}/`).slice(0, -1);
  if (from !== to)
    database.prepare('UPDATE experiments SET summary = replace(summary, ?, ?)').run(quoted(from), quoted(to));
  if (database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'feed'").get() !== undefined)
    renumberFeed(database, now);
  closeWhole(database);
}
