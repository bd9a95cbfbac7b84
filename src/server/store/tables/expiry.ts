import { transaction, type Database } from '../database.ts';

/** Logs that went because their project keeps none as old. What is written here is done, also after a crash. */
export interface LogExpiry {
  /** When the log of this experiment went; null: it did not go this way. */
  at(id: string): string | null;
  /** Experiments of a project that ended before then and have their logs yet, the oldest end first. */
  due(of: { project: string; endedBefore: string }, limit: number): string[];
  /** Of the logs that a project has yet of what has ended: how many there are, the oldest end, and how many ended before then. */
  ahead(of: { project: string; endedBefore: string }): {
    logs: number;
    oldest: string | null;
    before: number;
  };
  /** From now on these have no logs. Durable on return: called before their files go. */
  mark(ids: readonly string[]): void;
  /** Those whose files are perhaps still there. */
  pending(): string[];
  done(id: string): void;
}

export function openLogExpiry(database: Database, now: () => Date): LogExpiry {
  const at = database.prepare('SELECT time FROM expired_logs JOIN experiments USING (number) WHERE id = ?');
  // One that the engine has not tidied up after may get lines yet.
  const due = database.prepare(`
    SELECT id FROM experiments
    WHERE live = 0 AND tidied = 1 AND ended_at < ?
      AND number IN (SELECT number FROM facets WHERE project = ?)
      AND number NOT IN (SELECT number FROM expired_logs)
    ORDER BY ended_at, number LIMIT ?`);
  const ahead = database.prepare(`
    SELECT count(*) AS logs, min(ended_at) AS oldest, count(CASE WHEN ended_at < ? THEN 1 END) AS before FROM experiments
    WHERE live = 0 AND tidied = 1
      AND number IN (SELECT number FROM facets WHERE project = ?)
      AND number NOT IN (SELECT number FROM expired_logs)`);
  const mark = database.prepare(
    'INSERT OR IGNORE INTO expired_logs (number, time, removed) SELECT number, ?, 0 FROM experiments WHERE id = ?',
  );
  const pending = database.prepare(
    'SELECT id FROM expired_logs JOIN experiments USING (number) WHERE removed = 0 ORDER BY ended_at, number',
  );
  const done = database.prepare(
    'UPDATE expired_logs SET removed = 1 WHERE number = (SELECT number FROM experiments WHERE id = ?)',
  );
  const idOf = (row: unknown): string => Object(row).id;
  return {
    at: (id) => Object(at.get(id) ?? { time: null }).time,
    due: ({ project, endedBefore }, limit) => due.all(endedBefore, project, limit).map(idOf),
    ahead({ project, endedBefore }) {
      const { logs, oldest, before } = Object(ahead.get(endedBefore, project));
      return { logs: Number(logs), oldest, before: Number(before) };
    },
    mark(ids) {
      const time = now().toISOString();
      transaction(database, () => {
        for (const id of ids) mark.run(time, id);
      });
    },
    pending: () => pending.all().map(idOf),
    done: (id) => void done.run(id),
  };
}
