import { closeSync, openSync } from 'node:fs';
import { isBuiltin } from 'node:module';

/** What is used of the `node:sqlite` interface, which Node itself and the package that stands in for it share. */
export interface Database {
  exec(sql: string): void;
  prepare(sql: string): Statement;
  close(): void;
  /** Missing in the first versions of `node:sqlite`. */
  readonly isTransaction?: boolean;
}

export interface Statement {
  get(...values: SqlValue[]): unknown;
  all(...values: SqlValue[]): unknown[];
  run(...values: SqlValue[]): { lastInsertRowid: number | bigint };
}

export type SqlValue = string | number | null;

type DatabaseConstructor = new (file: string, options: { timeout: number }) => Database;

/** Opens (or makes, 0600) a database file. Its WAL and shared memory files take the file's permissions. */
export async function openDatabase(file: string, options: { timeoutMs: number }): Promise<Database> {
  closeSync(openSync(file, 'a', 0o600));
  const Constructor = await sqlite();
  return new Constructor(file, { timeout: options.timeoutMs });
}

/** Node's own SQLite where it has one, else the package with the same interface. */
async function sqlite(): Promise<DatabaseConstructor> {
  // A name in a variable: the types of the lowest Node do not know the module, the interface is the package's.
  const builtin: string = 'node:sqlite';
  if (!isBuiltin(builtin)) return (await import('@photostructure/sqlite')).DatabaseSync;
  const restore = muteExperimentalWarnings();
  try {
    const module: { DatabaseSync: DatabaseConstructor } = await import(builtin);
    return module.DatabaseSync;
  } finally {
    restore();
  }
}

/** Node warns on the import of `node:sqlite`; that is nothing to tell users. Returns the way back. */
function muteExperimentalWarnings(): () => void {
  const original = process.emitWarning;
  process.emitWarning = (...args: unknown[]) => {
    if (!args.includes('ExperimentalWarning')) Reflect.apply(original, process, args);
  };
  return () => {
    process.emitWarning = original;
  };
}

/** `fn` in one transaction: all of it, or nothing. */
export function transaction<T>(database: Database, fn: () => T): T {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = fn();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    // A full disk ends the transaction by itself; then there is nothing to roll back.
    if (database.isTransaction !== false) database.exec('ROLLBACK');
    throw error;
  }
}

/** SQLite's primary result codes that are told apart. */
const BUSY = 5;
const IO_ERROR = 10;
const CORRUPT = 11;
const FULL = 13;
const NOT_A_DATABASE = 26;

export function isBusy(error: unknown): boolean {
  return resultCode(error) === BUSY;
}

/** The disk is full, or would not write. */
export function isDiskTrouble(error: unknown): boolean {
  const code = resultCode(error);
  return code === FULL || code === IO_ERROR;
}

/** What is in the file is no database, or not as it was written. */
export function isDamagedDatabase(error: unknown): boolean {
  const code = resultCode(error);
  return code === CORRUPT || code === NOT_A_DATABASE;
}

/** A copy of the database as it is now, in one new file (0600), whoever else writes to it meanwhile. */
export function saveAs(database: Database, file: string): void {
  closeSync(openSync(file, 'wx', 0o600));
  database.prepare('VACUUM INTO ?').run(file);
}

/** All of it in the one file, as backups and copies expect it; then nothing more. */
export function closeWhole(database: Database): void {
  try {
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  } catch (error) {
    // Without room, or with a damaged file, the log stays beside it, and whoever opens it reads both.
    if (!isDiskTrouble(error) && !isDamagedDatabase(error) && !isBusy(error)) throw error;
  } finally {
    database.close();
  }
}

/** The stand-in for `node:sqlite` leaves the code out of errors that come while rows are read: these are SQLite's own texts. */
const CODES_BY_TEXT = new Map([
  ['database is locked', BUSY],
  ['disk I/O error', IO_ERROR],
  ['database disk image is malformed', CORRUPT],
  ['database or disk is full', FULL],
  ['file is not a database', NOT_A_DATABASE],
]);

function resultCode(error: unknown): number | null {
  if (!(error instanceof Error)) return null;
  if ('errcode' in error && typeof error.errcode === 'number') return error.errcode & 0xff;
  const isFromSqlite = 'code' in error && error.code === 'ERR_SQLITE_ERROR';
  return isFromSqlite ? (CODES_BY_TEXT.get(error.message) ?? null) : null;
}
