import { rename, rm } from 'node:fs/promises';
import { ifThere } from '../../../base/io/files.ts';
import { openDatabase, isDamagedDatabase, transaction, type Database, type SqlValue } from '../database.ts';
import { migrate } from '../migrations.ts';
import { integrityOf } from './integrity.ts';

/** What came of a database that SQLite cannot read as a whole. */
export interface Salvaged {
  /** Experiments whose rows could be read. */
  saved: number;
  /** Rows that could not. */
  lost: number;
  /** Where the damaged file is now. */
  aside: string;
}

/** Null for a database that is sound, or not there; else the first thing that is wrong with it. */
export async function damageOf(file: string): Promise<string | null> {
  const database = await openDatabase(file, { timeoutMs: 5000 });
  try {
    return integrityOf(database)[0] ?? null;
  } catch (error) {
    if (isDamagedDatabase(error)) return error instanceof Error ? error.message : String(error);
    throw error;
  } finally {
    database.close();
  }
}

/**
 * Reads what can be read of a damaged database into a new one, row by row, and puts that in its place. The caller holds
 * the server's lock. When nothing can be read the new one is empty.
 *
 * @param now names the file in which the damaged one is kept
 */
export async function salvage(file: string, now: Date): Promise<Salvaged> {
  const aside = `${file}.damaged-${now.toISOString().replaceAll(':', '-')}`;
  const fresh = `${file}.new`;
  await rm(fresh, { force: true });
  const from = await openDatabase(file, { timeoutMs: 5000 });
  const to = await openDatabase(fresh, { timeoutMs: 5000 });
  let result: Pick<Salvaged, 'saved' | 'lost'>;
  try {
    to.exec('PRAGMA foreign_keys = OFF; PRAGMA synchronous = FULL');
    migrate(to, fresh);
    result = transaction(to, () => copyRows(from, to));
  } finally {
    from.close();
    to.close();
  }
  for (const suffix of ['', '-wal', '-shm']) await ifThere(rename(file + suffix, aside + suffix));
  await rename(fresh, file);
  return { ...result, aside };
}

/** Behind the highest number that is known, so many without an experiment are the end of them. */
const MOST_MISSING = 1000;

function copyRows(from: Database, to: Database): { saved: number; lost: number } {
  const sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
  const known = readable(() => new Set(namesIn(from, sql)));
  // A version before this one did not have them all: what was never there is not lost.
  const tables = namesIn(to, sql).filter((table) => known?.has(table) ?? true);
  const parentsOf = (table: string) =>
    namesIn(to, `SELECT "table" AS name FROM pragma_foreign_key_list('${table}')`);
  const belongs = (table: string) => parentsOf(table).includes('experiments');
  const isNumbered = (table: string) =>
    namesIn(to, `SELECT name FROM pragma_table_info('${table}')`).includes('number');
  const copiers = tables.filter(belongs).map((table) => copier(from, to, table));
  const result = copyNumbers(from, to, { table: 'experiments', also: copiers });
  for (const table of tables.filter((name) => name !== 'experiments' && !belongs(name)))
    result.lost += isNumbered(table)
      ? copyNumbers(from, to, { table, also: [] }).lost
      : copyNamed(from, to, table);
  for (const table of tables.filter((name) => parentsOf(name).includes('projects')))
    to.exec(`DELETE FROM ${table} WHERE project NOT IN (SELECT id FROM projects)`);
  return result;
}

/** A table whose rows have names, from both ends of it to where it cannot be read: how many rows are lost, as far as that is known. */
function copyNamed(from: Database, to: Database, table: string): number {
  const keys = namesIn(to, `SELECT name FROM pragma_table_info('${table}') WHERE pk > 0 ORDER BY pk`);
  const insert = inserter(to, table);
  let isWhole = false;
  for (const way of ['ASC', 'DESC']) {
    const order = keys.map((key) => `${key} ${way}`).join(', ');
    isWhole ||=
      readable(() => {
        for (const row of from.prepare(`SELECT * FROM ${table} ORDER BY ${order}`).iterate())
          insert(Object(row));
        return true;
      }) ?? false;
  }
  if (isWhole) return 0;
  const count = (database: Database) =>
    Number(Object(database.prepare(`SELECT count(*) AS rows FROM ${table}`).get())['rows']);
  return Math.max(1, (readable(() => count(from)) ?? 0) - count(to));
}

type Copier = (number: number) => number | null;

/** One numbered table, and with each row of it those of others that belong to it. */
function copyNumbers(
  from: Database,
  to: Database,
  { table, also }: { table: string; also: readonly Copier[] },
): { saved: number; lost: number } {
  const copy = copier(from, to, table);
  const last = highest(from, table);
  let saved = 0;
  let lost = 0;
  for (let number = 1, missing = 0; number <= last || missing < MOST_MISSING; number++, missing++) {
    const rows = copy(number);
    if (rows === null && number <= last) lost++;
    if (rows === 0 || rows === null) continue;
    missing = 0;
    saved++;
    lost += also.map((copyPart) => copyPart(number)).filter((count) => count === null).length;
  }
  return { saved, lost };
}

/** Copies the rows of one table that belong to an experiment: how many; null when they cannot be read any more. */
function copier(from: Database, to: Database, table: string): Copier {
  const read = readable(() => from.prepare(`SELECT * FROM ${table} WHERE number = ?`));
  const insert = inserter(to, table);
  return (number) => {
    const rows = read && readable(() => read.all(number).map((row): Row => Object(row)));
    for (const row of rows ?? []) insert(row);
    return rows && rows.length;
  };
}

type Row = Record<string, SqlValue>;

/** Puts rows into a table, as far as they fit. */
function inserter(to: Database, table: string): (row: Row) => void {
  const names = namesIn(to, `SELECT name FROM pragma_table_info('${table}')`);
  const places = names.map(() => '?').join(', ');
  const insert = to.prepare(`INSERT OR IGNORE INTO ${table} (${names.join(', ')}) VALUES (${places})`);
  return (row) => void readable(() => insert.run(...names.map((name) => row[name] ?? null)));
}

/** The highest number that a row of a table ever had; 0 when it cannot be read. */
function highest(from: Database, table: string): number {
  const known = [
    `SELECT seq AS number FROM sqlite_sequence WHERE name = '${table}'`,
    `SELECT max(number) AS number FROM ${table}`,
  ].map((sql) => readable(() => Number(Object(from.prepare(sql).get())['number'])));
  return Math.max(
    0,
    ...known.map((number) => (number !== null && Number.isSafeInteger(number) ? number : 0)),
  );
}

function namesIn(database: Database, sql: string): string[] {
  return database
    .prepare(sql)
    .all()
    .map((row): { name: string } => Object(row))
    .map(({ name }) => name);
}

/** Null for what cannot be read any more. */
function readable<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}
