import { maskedTarget, type CommitTarget, type NotifyTarget } from '../../experiment/told/target.ts';
import { closeWhole, openDatabase, transaction } from '../store/database.ts';
import { parsedColumn } from '../store/rows.ts';

/** A target of one experiment; `isTrusted`: the server's own user named it. */
export interface KeptTarget {
  target: NotifyTarget | CommitTarget;
  isTrusted: boolean;
}

/** Something that is still to be told to one target. */
export interface DueMessage extends KeptTarget {
  number: number;
  experiment_id: string;
  /** Of the message: the same at each try. */
  message_id: string;
  body: string;
  /** Tries that failed. */
  failures: number;
  /** When it is to be tried, in milliseconds since 1970. */
  due: number;
}

/** What is told of an experiment, once each. */
export type Occasion = 'ended' | 'waiting';

/** Whom experiments tell, and what is still to be told, in a 0600 file of its own: addresses hold secrets. */
export interface Outbox {
  /** Written durably on return. That it was made is told at once, to commits. */
  put(targets: ReadonlyMap<string, readonly KeptTarget[]>): void;
  targets(id: string): KeptTarget[];
  /** Experiments of which an end is to be told, and has not been put in yet. */
  untold(): string[];
  /** Puts a message in for every target of an experiment, unless it was before. */
  add(message: { id: string; occasion: Occasion; body: string; now: number }): void;
  wasTold(id: string, occasion: Occasion): boolean;
  /** Those that are due, the longest first. */
  due(now: number, most: number): DueMessage[];
  /** When the next one is, behind a time. */
  nextDue(after: number): number | null;
  /** Messages that are still to be told. */
  size(): number;
  failed(delivery: DueMessage, due: number): void;
  done(delivery: DueMessage): void;
  /** Whom they tell; what is to be told still is. */
  remove(ids: readonly string[]): void;
  /** Removes those of experiments that did not come to be, or are gone. */
  keepOnly(ids: ReadonlySet<string>): void;
  close(): void;
}

const TABLES = `
  CREATE TABLE IF NOT EXISTS targets (
    id TEXT NOT NULL,
    position INTEGER NOT NULL,
    target TEXT NOT NULL,
    ended_told INTEGER NOT NULL DEFAULT 0,
    waiting_told INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (id, position)
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS targets_untold ON targets (id) WHERE ended_told = 0;
  CREATE TABLE IF NOT EXISTS deliveries (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    experiment_id TEXT NOT NULL,
    message_id TEXT NOT NULL,
    target TEXT NOT NULL,
    body TEXT NOT NULL,
    failures INTEGER NOT NULL DEFAULT 0,
    due INTEGER NOT NULL
  );
  CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (due);
`;

export async function openOutbox(file: string): Promise<Outbox> {
  const database = await openDatabase(file, { timeoutMs: 5000 });
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON');
  database.exec(TABLES);
  const run = (sql: string) => database.prepare(sql);
  const insert = run('INSERT OR REPLACE INTO targets (id, position, target) VALUES (?, ?, ?)');
  const targetsOf = run('SELECT target FROM targets WHERE id = ? ORDER BY position');
  const untold = run('SELECT DISTINCT id FROM targets WHERE ended_told = 0');
  const told = {
    ended: run('UPDATE targets SET ended_told = 1 WHERE id = ?'),
    waiting: run('UPDATE targets SET waiting_told = 1 WHERE id = ?'),
  };
  const isTold = {
    ended: run('SELECT 1 FROM targets WHERE id = ? AND ended_told = 1'),
    waiting: run('SELECT 1 FROM targets WHERE id = ? AND waiting_told = 1'),
  };
  const deliver = run(
    'INSERT INTO deliveries (experiment_id, message_id, target, body, due) VALUES (?, ?, ?, ?, ?)',
  );
  const due = run('SELECT * FROM deliveries WHERE due <= ? ORDER BY due, number LIMIT ?');
  const nextDue = run('SELECT min(due) AS due FROM deliveries WHERE due > ?');
  const size = run('SELECT count(*) AS size FROM deliveries');
  const failed = run('UPDATE deliveries SET failures = ?, due = ? WHERE number = ?');
  const done = run('DELETE FROM deliveries WHERE number = ?');
  const remove = run('DELETE FROM targets WHERE id = ?');
  const ids = run('SELECT DISTINCT id FROM targets');
  // `Object` gives a row (without a prototype) the type that the statement names.
  const textsOf = (rows: unknown[], key: string) => rows.map((row) => String(Object(row)[key]));
  const kept = (id: string) => textsOf(targetsOf.all(id), 'target');
  const removeAll = (gone: readonly string[]) => {
    if (gone.length > 0) transaction(database, () => gone.forEach((id) => remove.run(id)));
  };
  return {
    put(targets) {
      transaction(database, () => {
        for (const [id, all] of targets)
          for (const [position, one] of all.entries()) {
            insert.run(id, position, JSON.stringify(one));
            if (one.target.kind === 'commit') deliver.run(id, `${id}.made`, JSON.stringify(one), '', 0);
          }
      });
    },
    targets: (id) => kept(id).flatMap((text) => parsedColumn<KeptTarget>(text) ?? []),
    untold: () => textsOf(untold.all(), 'id'),
    wasTold: (id, occasion) => isTold[occasion].get(id) !== undefined,
    add({ id, occasion, body, now }) {
      transaction(database, () => {
        if (isTold[occasion].get(id) !== undefined) return;
        for (const target of kept(id)) deliver.run(id, `${id}.${occasion}`, target, body, now);
        told[occasion].run(id);
      });
    },
    due: (now, most) =>
      due.all(now, most).flatMap((row) => {
        const one: Omit<DueMessage, keyof KeptTarget> & { target: string } = Object(row);
        const target = parsedColumn<KeptTarget>(one.target);
        return target === null ? [] : [{ ...one, ...target }];
      }),
    nextDue(after) {
      const { due: at }: { due?: number | null } = Object(nextDue.get(after));
      return at ?? null;
    },
    size: () => Number(Object(size.get())['size']),
    failed: ({ number, failures }, at) => void failed.run(failures + 1, at, number),
    done: ({ number }) => void done.run(number),
    remove: removeAll,
    keepOnly: (known) => removeAll(textsOf(ids.all(), 'id').filter((id) => !known.has(id))),
    close: () => closeWhole(database),
  };
}

/** Whom an experiment tells, as it may be shown. */
export function shownTargets(targets: readonly KeptTarget[]): string[] {
  return targets.map(({ target }) => maskedTarget(target));
}
