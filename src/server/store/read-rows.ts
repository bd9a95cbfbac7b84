import type { ExperimentEvent } from '../../experiment/event.ts';
import type { ExperimentSummary } from '../../experiment/record.ts';
import type { Status } from '../../experiment/status.ts';
import type { ExperimentState } from '../../experiment/state.ts';
import { parsedColumn, stateOfRow, summaryOfRow, type ExperimentRow } from './rows.ts';
import type { Where } from './conditions.ts';
import type { Database } from './database.ts';
import type { Statements } from './statements.ts';

/** Rows as they are read from the database: of a damaged one the events tell what they can. */
export function stateIn(statements: Statements, row: ExperimentRow): ExperimentState {
  return stateOfRow(row, () => eventsOf(statements, row.id));
}

export function summaryIn(statements: Statements, row: ExperimentRow): ExperimentSummary {
  return summaryOfRow(row, () => eventsOf(statements, row.id));
}

/** One that is damaged is left out: the others tell as much as is known. */
export function eventsOf(statements: Statements, id: string): ExperimentEvent[] {
  const rows = statements.events<{ event: string }>(id);
  return rows.flatMap((row) => parsedColumn<ExperimentEvent>(row.event) ?? []);
}

/** Of the experiments that fit, oldest first. */
export function ids(database: Database, { sql, values }: Where): string[] {
  const rows = database.prepare(`SELECT id FROM experiments ${sql} ORDER BY number`).all(...values);
  return rows.map((row): { id: string } => Object(row)).map((row) => row.id);
}

/** How many there are of each status. */
export function countByStatus(database: Database, { sql, values }: Where): Partial<Record<Status, number>> {
  const rows = database
    .prepare(`SELECT status, count(*) AS count FROM experiments ${sql} GROUP BY status`)
    .all(...values)
    .map((row): { status: Status; count: number } => Object(row));
  return Object.fromEntries(rows.map(({ status, count }) => [status, count]));
}
