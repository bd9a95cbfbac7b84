import type { Delivery } from '../../../api/team/hook-contract.ts';
import type { Push } from '../../../api/team/push-payloads.ts';
import { transaction, type Database } from '../database.ts';
import { parsedColumn } from '../rows.ts';

/** A delivery that waits to be looked at. */
export interface QueuedDelivery {
  delivery: Delivery;
  project: string;
  push: Push;
}

/** What hooks were sent and what was decided of it, and which commits of a project were decided upon: each once. */
export interface DeliveryTable {
  /**
   * Writes some down, durably, in one transaction. `claim` is the commit that is decided upon by this one, if nobody was
   * before: else it is written as `already` makes it.
   */
  add(project: string, news: readonly NewDelivery[]): Delivery[];
  /** What `work` writes here is one transaction: a disk is waited for once. */
  together<T>(work: () => T): T;
  /** Newest first. */
  list(project: string, limit: number): Delivery[];
  get(project: string, id: string): { delivery: Delivery; push: Push | null } | null;
  /** Oldest first. */
  queued(): QueuedDelivery[];
  /** How many are queued. */
  waiting(): number;
  /** The delivery as it is written then; null: it is not there any more. */
  decide(id: string, decided: Pick<Delivery, 'decision' | 'why' | 'experiment_id'>): Delivery | null;
  /** Removes those that came before then, except what waits. Their commits stay decided upon. */
  expire(before: string): void;
  /** Commits that need no decision: they were there before. */
  markJudged(project: string, commits: readonly string[]): void;
  isJudged(project: string, commit: string): boolean;
}

export interface NewDelivery {
  delivery: Delivery;
  push: Push | null;
  claim: string | null;
  /** @param before the delivery that decided upon the commit; `gone`: it is kept no more; null: the commit was there when the project was made */
  already(before: Delivery | 'gone' | null): Delivery;
}

/** How many are kept of a project; those that wait are not counted out. */
const KEPT = 5000;
/** Of a project, since this server has looked at how many there are. */
const PRUNE_EVERY = 100;

export function openDeliveryTable(database: Database): DeliveryTable {
  const insert = database.prepare(
    'INSERT INTO deliveries (id, project, decision, document, push) VALUES (?, ?, ?, ?, ?)',
  );
  const claimed = database.prepare(
    `SELECT judged.delivery AS number, document FROM judged LEFT JOIN deliveries ON deliveries.number = judged.delivery
     WHERE judged.project = ? AND judged.commit_sha = ?`,
  );
  const claim = database.prepare('INSERT INTO judged (project, commit_sha, delivery) VALUES (?, ?, ?)');
  const mark = database.prepare('INSERT OR IGNORE INTO judged (project, commit_sha) VALUES (?, ?)');
  const list = database.prepare(
    'SELECT document FROM deliveries WHERE project = ? ORDER BY number DESC LIMIT ?',
  );
  const get = database.prepare('SELECT document, push FROM deliveries WHERE project = ? AND id = ?');
  const byId = database.prepare('SELECT document FROM deliveries WHERE id = ?');
  const queued = database.prepare(
    "SELECT project, document, push FROM deliveries WHERE decision = 'queued' ORDER BY number",
  );
  const waiting = database.prepare("SELECT count(*) AS count FROM deliveries WHERE decision = 'queued'");
  const update = database.prepare('UPDATE deliveries SET decision = ?, document = ? WHERE id = ?');
  const prune = database.prepare(
    `DELETE FROM deliveries WHERE project = ? AND decision != 'queued' AND number <=
     (SELECT number FROM deliveries WHERE project = ? ORDER BY number DESC LIMIT 1 OFFSET ?)`,
  );
  const expire = database.prepare(
    `DELETE FROM deliveries WHERE decision != 'queued'
      AND CASE WHEN json_valid(document) THEN json_extract(document, '$.time') < ? ELSE 1 END`,
  );
  const added = new Map<string, number>();
  // `Object` gives a row (without a prototype) the type that the statement names.
  const documentIn = (row: unknown): Delivery | null => {
    const { document }: { document?: string | null } = Object(row);
    return parsedColumn<Delivery>(document);
  };
  const firstIn = (row: unknown): Delivery | 'gone' | null =>
    documentIn(row) ?? (Object(row).number === null ? null : 'gone');
  const addOne = (project: string, { delivery, push, claim: commit, already }: NewDelivery): Delivery => {
    const before = commit === null ? undefined : claimed.get(project, commit);
    const isNew = before === undefined;
    const written = isNew ? delivery : already(firstIn(before));
    const { id, decision } = written;
    const text = push === null ? null : JSON.stringify(push);
    const number = Number(insert.run(id, project, decision, JSON.stringify(written), text).lastInsertRowid);
    if (commit !== null && isNew) claim.run(project, commit, number);
    const since = (added.get(project) ?? PRUNE_EVERY - 1) + 1;
    added.set(project, since % PRUNE_EVERY);
    if (since === PRUNE_EVERY) prune.run(project, project, KEPT);
    return written;
  };
  return {
    add: (project, news) => transaction(database, () => news.map((one) => addOne(project, one))),
    together: (work) => transaction(database, work),
    list: (project, limit) => list.all(project, limit).flatMap((row) => documentIn(row) ?? []),
    get(project, id) {
      const found = get.get(project, id);
      if (found === undefined) return null;
      const delivery = documentIn(found);
      return delivery && { delivery, push: parsedColumn<Push>(Object(found).push) };
    },
    queued: () =>
      queued.all().flatMap((columns) => {
        const row: { project: string; push: string } = Object(columns);
        const [delivery, push] = [documentIn(columns), parsedColumn<Push>(row.push)];
        // One that is damaged holds up no other.
        return delivery === null || push === null ? [] : [{ project: row.project, delivery, push }];
      }),
    waiting: () => Number(Object(waiting.get()).count),
    decide(id, decided) {
      const before = documentIn(byId.get(id));
      if (before === null) return null;
      const after = { ...before, ...decided };
      update.run(decided.decision, JSON.stringify(after), id);
      return after;
    },
    expire: (before) => void expire.run(before),
    markJudged: (project, commits) =>
      transaction(database, () => commits.forEach((commit) => mark.run(project, commit))),
    isJudged: (project, commit) => claimed.get(project, commit) !== undefined,
  };
}
