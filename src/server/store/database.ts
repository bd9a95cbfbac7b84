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
  /** Rows one after another: those before one that cannot be read are seen. */
  iterate(...values: SqlValue[]): Iterable<unknown>;
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

/**
 * `fn` in one transaction: all of it, or nothing. On a full disk it is tried once more after the log has been written
 * into the database: then the log has room of its own again.
 */
export function transaction<T>(database: Database, fn: () => T): T {
  if (underWay.has(database)) return fn();
  underWay.add(database);
  try {
    return retried(database, fn);
  } finally {
    underWay.delete(database);
  }
}

/** What is written within a transaction is part of it. */
const underWay = new WeakSet<Database>();

function retried<T>(database: Database, fn: () => T): T {
  try {
    return attempt(database, fn);
  } catch (error) {
    if (resultCode(error) !== FULL) throw error;
    database.exec('PRAGMA wal_checkpoint(RESTART)');
    return attempt(database, fn);
  }
}

function attempt<T>(database: Database, fn: () => T): T {
  begin(database);
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

/** Databases that another program held for longer than their patience, each with that. */
const heldByOthers = new WeakMap<Database, number>();
const HELD_MS = 20;

/**
 * Nothing else goes on in this process while SQLite waits for another one. Who was waited for in vain is waited for in
 * full again once it has let go; until then a moment must do.
 */
function begin(database: Database): void {
  try {
    database.exec('BEGIN IMMEDIATE');
  } catch (error) {
    if (isBusy(error) && !heldByOthers.has(database)) {
      const { timeout } = Object(database.prepare('PRAGMA busy_timeout').get());
      heldByOthers.set(database, Number(timeout));
      database.exec(`PRAGMA busy_timeout = ${HELD_MS}`);
    }
    throw error;
  }
  const patience = heldByOthers.get(database);
  if (patience === undefined) return;
  heldByOthers.delete(database);
  database.exec(`PRAGMA busy_timeout = ${patience}`);
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

/** Nothing can be written now, and it can be tried again: the disk does not take it, or another program holds the file. */
export function cannotWriteNow(error: unknown): boolean {
  return isDiskTrouble(error) || isBusy(error);
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
