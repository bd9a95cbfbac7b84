import type { ExperimentSummary } from '../../../experiment/record.ts';
import type { Database } from '../database.ts';
import { summaryIn } from '../read-rows.ts';
import { ROW_COLUMNS } from '../rows.ts';
import type { Statements } from '../statements.ts';
import type { StoredSweep } from '../store.ts';

/** The table of sweeps, and the experiments that belong to them. */
export interface SweepTable {
  get(name: string): StoredSweep | null;
  /** Newest first. */
  list(): StoredSweep[];
  /** Oldest first. */
  members(name: string): ExperimentSummary[];
  /** Inside a transaction. */
  put(sweep: StoredSweep): void;
  /** Inside a transaction: removes an experiment, and its sweep when it was the last one of it. */
  removeMember(id: string, remove: (id: string) => unknown): void;
}

export function openSweepTable(database: Database, statements: Statements): SweepTable {
  const get = database.prepare('SELECT definition FROM sweeps WHERE name = ?');
  const list = database.prepare('SELECT definition FROM sweeps ORDER BY number DESC');
  const members = database.prepare(`SELECT ${ROW_COLUMNS} FROM experiments WHERE sweep = ? ORDER BY number`);
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
    members: (name) => members.all(name).map((row): ExperimentSummary => summaryIn(statements, Object(row))),
    put: (sweep) => void put.run(sweep.name, JSON.stringify(sweep)),
    removeMember(id, remove) {
      const { sweep }: { sweep?: string | null } = Object(sweepOf.get(id));
      remove(id);
      if (sweep) removeEmpty.run(sweep);
    },
  };
}
