import type { Database, SqlValue } from './database.ts';
import { ROW_COLUMNS, type columnsOf } from './rows.ts';

type Columns = ReturnType<typeof columnsOf> & { updated_at: string };

/** Every fixed statement of the store, prepared once. Rows are typed by the caller, who names the columns. */
export function prepareStatements(database: Database) {
  const one = (sql: string) => {
    const statement = database.prepare(sql);
    // `Object` gives a row (without a prototype) the type its caller knows it to have.
    return <Row>(...values: SqlValue[]): Row | undefined => {
      const row = statement.get(...values);
      return row === undefined ? undefined : Object(row);
    };
  };
  const many = (sql: string) => {
    const statement = database.prepare(sql);
    return <Row>(...values: SqlValue[]): Row[] => statement.all(...values).map((row): Row => Object(row));
  };
  const run = (sql: string) => {
    const statement = database.prepare(sql);
    return (...values: SqlValue[]) => Number(statement.run(...values).lastInsertRowid);
  };
  const insert = run(`
    INSERT INTO experiments (id, submission, updated_at, status, live, tidied, operator, message, snapshot, sweep, created_at, ended_at, summary, pods, fold)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`);
  const update = run(`
    UPDATE experiments SET updated_at = ?, status = ?, live = ?, tidied = max(tidied, ?), operator = ?, snapshot = ?, ended_at = ?, summary = ?, pods = ?, fold = ?
    WHERE number = ?`);
  const putEvent = run('INSERT OR REPLACE INTO events (number, position, type, event) VALUES (?, ?, ?, ?)');
  return {
    experiment: one(`SELECT ${ROW_COLUMNS} FROM experiments WHERE id = ?`),
    submission: one('SELECT submission FROM experiments WHERE id = ?'),
    build: one('SELECT build FROM experiments WHERE id = ?'),
    byKey: one(
      `SELECT ${ROW_COLUMNS}, content FROM idempotency JOIN experiments USING (number) WHERE key = ?`,
    ),
    latest: one('SELECT id FROM experiments ORDER BY number DESC LIMIT 1'),
    withPrefix: many('SELECT id FROM experiments WHERE id >= ? AND id < ? ORDER BY number DESC LIMIT 5'),
    events: many(
      'SELECT event FROM events WHERE number = (SELECT number FROM experiments WHERE id = ?) ORDER BY position',
    ),
    eventLines: one(
      'SELECT group_concat(event, char(10)) AS lines FROM (SELECT event FROM events WHERE number = (SELECT number FROM experiments WHERE id = ?) ORDER BY position)',
    ),
    eventRows: many('SELECT position, event FROM events WHERE number = ? ORDER BY position'),
    removeEvent: run('DELETE FROM events WHERE number = ? AND position = ?'),
    lastEvent: one('SELECT position, type FROM events WHERE number = ? ORDER BY position DESC LIMIT 1'),
    counts: many('SELECT status, count(*) AS count FROM experiments GROUP BY status'),
    liveCount: one('SELECT count(*) AS count FROM experiments WHERE live = 1'),
    snapshots: many('SELECT DISTINCT snapshot FROM experiments WHERE snapshot IS NOT NULL'),
    saveBuild: run('UPDATE experiments SET build = ? WHERE id = ?'),
    markTidied: run('UPDATE experiments SET tidied = 1 WHERE id = ?'),
    remove: run('DELETE FROM experiments WHERE id = ?'),
    putMetric: run('INSERT OR REPLACE INTO metrics (number, name, last) VALUES (?, ?, ?)'),
    putLabel: run('INSERT OR REPLACE INTO labels (number, key, value) VALUES (?, ?, ?)'),
    removeLabel: run('DELETE FROM labels WHERE number = ? AND key = ?'),
    removeMetric: run('DELETE FROM metrics WHERE number = ? AND name = ?'),
    insertKey: run('INSERT INTO idempotency (key, content, number) VALUES (?, ?, ?)'),
    insert: (row: Columns & { id: string; submission: string }): number =>
      insert(
        row.id,
        row.submission,
        row.updated_at,
        row.status,
        row.live,
        row.tidied,
        row.operator,
        row.message,
        row.snapshot,
        row.sweep,
        row.created_at,
        row.ended_at,
        row.summary,
        row.pods,
        row.fold,
      ),
    update: (row: Columns & { number: number }) =>
      update(
        row.updated_at,
        row.status,
        row.live,
        row.tidied,
        row.operator,
        row.snapshot,
        row.ended_at,
        row.summary,
        row.pods,
        row.fold,
        row.number,
      ),
    putEvent: (row: { number: number; position: number; type: string; event: string }) =>
      putEvent(row.number, row.position, row.type, row.event),
  };
}

export type Statements = ReturnType<typeof prepareStatements>;
