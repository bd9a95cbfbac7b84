import type { Metrics } from '../../../experiment/record.ts';
import type { Status } from '../../../experiment/status.ts';
import type { Database } from '../database.ts';
import type { StoredSweep, SweepMember } from '../store.ts';

/** The table of sweeps, and the experiments that belong to them. */
export interface SweepTable {
  get(name: string): StoredSweep | null;
  /** Newest first. */
  list(): StoredSweep[];
  /** Oldest first. */
  members(name: string): SweepMember[];
  /** Inside a transaction. */
  put(sweep: StoredSweep): void;
  /** Inside a transaction: removes an experiment, and its sweep when it was the last one of it. */
  removeMember(id: string, remove: (id: string) => unknown): void;
}

export function openSweepTable(database: Database): SweepTable {
  const get = database.prepare('SELECT definition FROM sweeps WHERE name = ?');
  const list = database.prepare('SELECT definition FROM sweeps ORDER BY number DESC');
  // What a summary holds beside is not read: a sweep has a thousand of them.
  const members = database.prepare(
    `SELECT id, status, ended_at, CASE WHEN json_valid(summary) THEN json_extract(summary, ${FACTS}) END AS facts
     FROM experiments WHERE sweep = ? ORDER BY number`,
  );
  const put = database.prepare(
    'INSERT INTO sweeps (name, definition) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET definition = excluded.definition',
  );
  const sweepOf = database.prepare('SELECT sweep FROM experiments WHERE id = ?');
  const removeEmpty = database.prepare(
    'DELETE FROM sweeps WHERE name = ?1 AND NOT EXISTS (SELECT 1 FROM experiments WHERE sweep = ?1)',
  );
  // `Object` gives a row (without a prototype) the type that the statement names.
  const definitionOf = (row: unknown): StoredSweep => JSON.parse(Object(row).definition);
  return {
    get(name) {
      const row = get.get(name);
      return row === undefined ? null : definitionOf(row);
    },
    list: () => list.all().map(definitionOf),
    members: (name) => members.all(name).flatMap(memberOf),
    put: (sweep) => void put.run(sweep.name, JSON.stringify(sweep)),
    removeMember(id, remove) {
      const { sweep }: { sweep?: string | null } = Object(sweepOf.get(id));
      remove(id);
      if (sweep) removeEmpty.run(sweep);
    },
  };
}

/** In the order in which `memberOf` takes them. */
const FACTS = ['sweep.index', 'sweep.repeat', 'engine', 'started_at', 'duration_s', 'explanation', 'metrics']
  .map((path) => `'$.${path}'`)
  .join(', ');

type Facts = [number, number, string, string | null, number | null, string | null, Metrics | null];

/** None of a row that is damaged: its point counts as missing. */
function memberOf(columns: unknown): SweepMember[] {
  const row: { id: string; status: Status; ended_at: string | null; facts: string | null } = Object(columns);
  if (row.facts === null) return [];
  const facts: Facts = JSON.parse(row.facts);
  const [index, repeat, engine, started_at, duration_s, explanation, metrics] = facts;
  const { id, status, ended_at } = row;
  const place = { experiment_id: id, index, repeat, status, engine };
  return [{ ...place, started_at, ended_at, duration_s, explanation, metrics: metrics ?? {} }];
}
