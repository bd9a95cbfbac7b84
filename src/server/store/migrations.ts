import { renameSync, rmSync } from 'node:fs';
import { crashPoint } from '../../base/io/crash-point.ts';
import { isDiskUnwritable } from '../../base/io/disk-full.ts';
import { AichorError } from '../../errors.ts';
import { isDiskTrouble, saveAs, transaction, type Database } from './database.ts';

/** The columns of `facets`, of a row of `experiments`. */
function facetsOf(row: string): string {
  const paths = ['project', 'engine', 'submitted_by', 'source.branch', 'source.commit_sha'];
  return `SELECT ${[`${row}.number`, ...paths.map((path) => `json_extract(${row}.summary, '$.${path}')`)].join(', ')}`;
}

/** Steps from an empty database to the present one. Never edited once released: only ever appended to. */
export const MIGRATIONS: readonly string[] = [
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
  // Changes of all experiments in their order, for those who follow them; the oldest go. Bound to no experiment: a deletion is one.
  `
  CREATE TABLE feed (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    change TEXT NOT NULL
  );
  `,
  // Who did what to the server, and to experiments of others.
  `
  CREATE TABLE audit (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    time TEXT NOT NULL,
    by TEXT,
    deed TEXT NOT NULL,
    subject TEXT NOT NULL,
    details TEXT NOT NULL
  );
  CREATE INDEX audit_time ON audit (time);
  `,
  // Projects; what their hooks were sent, and what was decided of it; the commits that were decided upon.
  `
  CREATE TABLE projects (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    definition TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE deliveries (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    project TEXT NOT NULL REFERENCES projects ON DELETE CASCADE,
    decision TEXT NOT NULL,
    document TEXT NOT NULL,
    push TEXT
  );
  CREATE INDEX deliveries_project ON deliveries (project, number);
  CREATE INDEX deliveries_queued ON deliveries (number) WHERE decision = 'queued';
  CREATE TABLE judged (
    project TEXT NOT NULL REFERENCES projects ON DELETE CASCADE,
    commit_sha TEXT NOT NULL,
    delivery INTEGER,
    PRIMARY KEY (project, commit_sha)
  ) WITHOUT ROWID;
  `,
  // Experiments whose logs went because their project keeps none as old; removed: their files are gone, too.
  `
  CREATE TABLE expired_logs (
    number INTEGER PRIMARY KEY REFERENCES experiments ON DELETE CASCADE,
    time TEXT NOT NULL,
    removed INTEGER NOT NULL
  );
  CREATE INDEX expired_logs_pending ON expired_logs (number) WHERE removed = 0;
  `,
  // Under which name the private values of an experiment stand; those of older ones stand under their ids.
  `
  CREATE TABLE shared_values (
    number INTEGER PRIMARY KEY REFERENCES experiments ON DELETE CASCADE,
    name TEXT NOT NULL
  );
  CREATE INDEX shared_values_name ON shared_values (name);
  `,
  // What lists choose by and what never changes, in short rows beside the long ones. A summary that is damaged keeps what was taken from it.
  `
  CREATE TABLE facets (
    number INTEGER PRIMARY KEY REFERENCES experiments ON DELETE CASCADE,
    project TEXT,
    engine TEXT,
    submitted_by TEXT,
    branch TEXT,
    commit_sha TEXT
  );
  CREATE TRIGGER experiments_facets AFTER INSERT ON experiments WHEN json_valid(NEW.summary) BEGIN
    INSERT INTO facets ${facetsOf('NEW')};
  END;
  INSERT INTO facets ${facetsOf('experiments')} FROM experiments WHERE json_valid(summary);
  `,
];

/**
 * Brings a database to the present form, after a copy of it was made; refuses one that a newer program has written. Each
 * step is a transaction with its number: what was cut short goes on where it was.
 */
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
  if (version > 0 && version < MIGRATIONS.length) keepCopy(database, file, version);
  for (const [index, sql] of MIGRATIONS.entries()) {
    if (index < version) continue;
    transaction(database, () => {
      database.exec(sql);
      database.exec(`PRAGMA user_version = ${index + 1}`);
    });
    crashPoint('migration-step');
  }
}

/** Beside the database (0600), for whoever goes back to the version before. */
function keepCopy(database: Database, file: string, version: number): void {
  const copy = `${file}.format-${version}`;
  // It has its name once it is whole.
  const fresh = `${copy}.new`;
  rmSync(fresh, { force: true });
  try {
    saveAs(database, fresh);
  } catch (cause) {
    rmSync(fresh, { force: true });
    if (!isDiskTrouble(cause) && !isDiskUnwritable(cause)) throw cause;
    throw new AichorError(
      'conflict',
      `there is no room beside ${file} for the copy that is made before an update`,
      {
        hint: 'make room for as much as the database has, then start it again; nothing has changed',
        cause,
      },
    );
  }
  crashPoint('migration-copied');
  renameSync(fresh, copy);
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
