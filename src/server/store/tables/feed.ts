import type { ExperimentEvent } from '../../../experiment/event.ts';
import { applyEvent, type ExperimentState } from '../../../experiment/state.ts';
import { createdChange, factChange, type ExperimentChange } from '../../../experiment/told/change.ts';
import { transaction, type Database } from '../database.ts';

/** Changes of all experiments in the order in which they were written, each with a number that no other ever has. */
export interface Feed {
  /** The numbers that are kept. Of one that is empty, `newest` is 0 and `oldest` 1. */
  range(): { oldest: number; newest: number };
  /** The latest that is written; unlike the others it writes nothing first that was measured. */
  newest(): number;
  /** Those behind a number, oldest first, as they are kept: JSON without the number. */
  after(sequence: number, most: number): { sequence: number; change: string }[];
  /** Called whenever there is more. @returns what ends that */
  onMore(wake: () => void): () => void;
}

export interface FeedTable extends Feed {
  /** Inside a transaction. */
  put(change: ExperimentChange): void;
  /** Whether anybody waits for more. */
  isFollowed(): boolean;
  /** After it: wakes those who read. */
  tell(): void;
}

/** How many changes are kept, unless `AICHOR_EVENTS_KEPT` says otherwise. */
export const KEPT_CHANGES = 100_000;
/** The oldest go so many at a time. */
const SHARE_OF_PRUNING = 100;

/** @param kept how many changes are kept at least, and hardly more */
export function openFeedTable(database: Database, kept: number): FeedTable {
  const insert = database.prepare('INSERT INTO feed (change) VALUES (?)');
  const prune = database.prepare('DELETE FROM feed WHERE number <= ?');
  const oldest = database.prepare('SELECT min(number) AS number FROM feed');
  const newestOf = database.prepare("SELECT seq AS number FROM sqlite_sequence WHERE name = 'feed'");
  const after = database.prepare(
    'SELECT number AS sequence, change FROM feed WHERE number > ? ORDER BY number LIMIT ?',
  );
  const pruneEvery = Math.max(1, Math.floor(kept / SHARE_OF_PRUNING));
  const readers = new Set<() => void>();
  // `Object` gives a row (without a prototype) the type that the statement names.
  const numberIn = (row: unknown) => {
    const { number }: { number?: number | null } = Object(row);
    return number ?? null;
  };
  const newest = () => numberIn(newestOf.get()) ?? 0;
  let isChanged = false;
  return {
    range() {
      const last = newest();
      return { oldest: numberIn(oldest.get()) ?? last + 1, newest: last };
    },
    newest,
    after: (sequence, most) =>
      after.all(sequence, most).map((row): { sequence: number; change: string } => Object(row)),
    onMore(wake) {
      readers.add(wake);
      return () => void readers.delete(wake);
    },
    isFollowed: () => readers.size > 0,
    put(change) {
      const number = Number(insert.run(JSON.stringify(change)).lastInsertRowid);
      if (number > kept && number % pruneEvery === 0) prune.run(number - kept);
      isChanged = true;
    },
    tell() {
      if (!isChanged) return;
      isChanged = false;
      for (const wake of readers) wake();
    },
  };
}

/**
 * Gives the changes of a restored database numbers above all that the control plane may have given since: the time in milliseconds is,
 * as long as it has less than one change in each of them.
 */
export function renumberFeed(database: Database, now: Date): void {
  transaction(database, () => {
    const row: { oldest: number | null; newest: number | null } = Object(
      database
        .prepare(
          "SELECT min(number) AS oldest, (SELECT seq FROM sqlite_sequence WHERE name = 'feed') AS newest FROM feed",
        )
        .get(),
    );
    const newest = row.newest ?? 0;
    const shift = Math.max(now.getTime(), newest + 1) - (row.oldest ?? newest);
    database.prepare('UPDATE feed SET number = number + ?').run(shift);
    database.prepare("DELETE FROM sqlite_sequence WHERE name = 'feed'").run();
    database.prepare("INSERT INTO sqlite_sequence (name, seq) VALUES ('feed', ?)").run(newest + shift);
  });
}

/** Inside a transaction: its first facts. That it was accepted, and what was planned, are one change: it is new. */
export function begun(
  feed: Pick<FeedTable, 'put'>,
  start: ExperimentState,
  events: readonly ExperimentEvent[],
): ExperimentState {
  const isNew = ({ type }: ExperimentEvent, index: number) =>
    type === 'planned' || (type === 'step' && index === 0);
  const made = events.filter(isNew).reduce(applyEvent, start);
  feed.put(createdChange(made));
  return events
    .filter((event, index) => !isNew(event, index))
    .reduce((before, event) => {
      const after = applyEvent(before, event);
      feed.put(factChange(before, after, event));
      return after;
    }, made);
}
