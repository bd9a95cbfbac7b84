import { AichorError } from '../../errors.ts';
import { transaction, type Database } from './database.ts';

/** Steps from an empty database to the present one. Never edited once released: only ever appended to. */
const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE experiments (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    status TEXT NOT NULL,
    live INTEGER NOT NULL,
    tidied INTEGER NOT NULL DEFAULT 0,
    operator TEXT,
    message TEXT NOT NULL,
    snapshot TEXT,
    created_at TEXT NOT NULL,
    ended_at TEXT,
    updated_at TEXT NOT NULL,
    summary TEXT NOT NULL,
    pods TEXT NOT NULL,
    fold TEXT NOT NULL,
    submission TEXT NOT NULL,
    build TEXT
  );
  CREATE INDEX experiments_live ON experiments (number) WHERE live = 1;
  CREATE INDEX experiments_untidied ON experiments (number) WHERE live = 0 AND tidied = 0;
  CREATE TABLE labels (
    number INTEGER NOT NULL REFERENCES experiments ON DELETE CASCADE,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (number, key)
  ) WITHOUT ROWID;
  CREATE INDEX labels_value ON labels (key, value);
  CREATE TABLE events (
    number INTEGER NOT NULL REFERENCES experiments ON DELETE CASCADE,
    position INTEGER NOT NULL,
    type TEXT NOT NULL,
    event TEXT NOT NULL,
    PRIMARY KEY (number, position)
  ) WITHOUT ROWID;
  CREATE TABLE idempotency (
    key TEXT PRIMARY KEY,
    content TEXT NOT NULL,
    number INTEGER NOT NULL REFERENCES experiments ON DELETE CASCADE
  ) WITHOUT ROWID;
  CREATE INDEX idempotency_number ON idempotency (number);
  `,
  // The last value of each metric, for lists in its order; null: not a number. The rest stands in the summary.
  `
  CREATE TABLE metrics (
    number INTEGER NOT NULL REFERENCES experiments ON DELETE CASCADE,
    name TEXT NOT NULL,
    last REAL,
    PRIMARY KEY (number, name)
  ) WITHOUT ROWID;
  CREATE INDEX metrics_last ON metrics (name, last, number);
  `,
  // The sweep an experiment belongs to, and what sweeps are beside their experiments.
  `
  ALTER TABLE experiments ADD COLUMN sweep TEXT;
  CREATE INDEX experiments_sweep ON experiments (sweep, number) WHERE sweep IS NOT NULL;
  CREATE TABLE sweeps (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    definition TEXT NOT NULL
  );
  `,
];

/** Brings a database to the present form; refuses one that a newer program has written. */
export function migrate(database: Database, file: string): void {
  const version = userVersion(database);
  if (version > MIGRATIONS.length) {
    throw new AichorError(
      'conflict',
      `${file} was written by a newer aichor (format ${version}; this one knows ${MIGRATIONS.length})`,
      {
        hint: 'update aichor, or use another state folder by setting AICHOR_HOME',
      },
    );
  }
  for (const [index, sql] of MIGRATIONS.entries()) {
    if (index < version) continue;
    transaction(database, () => {
      database.exec(sql);
      database.exec(`PRAGMA user_version = ${index + 1}`);
    });
  }
}

/** Whether nothing was ever written to it. */
export function isEmpty(database: Database): boolean {
  return (
    userVersion(database) === 0 && database.prepare('SELECT name FROM sqlite_master').get() === undefined
  );
}

function userVersion(database: Database): number {
  const row = database.prepare('PRAGMA user_version').get();
  const version = row === undefined ? undefined : Object(row)['user_version'];
  return typeof version === 'number' ? version : 0;
}
