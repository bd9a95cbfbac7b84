import type { ExperimentEvent } from '../../experiment/event.ts';
import type { ExperimentSummary } from '../../experiment/record.ts';
import type { Status } from '../../experiment/status.ts';
import type { ExperimentState } from '../../experiment/state.ts';
import { madeOf } from '../../base/text/made-of.ts';
import {
  foldIn,
  isPresentPods,
  parsedColumn,
  soundSummary,
  stateOfRow,
  summaryOfRow,
  type ExperimentRow,
} from './rows.ts';
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

/** JSON of so many pods is worth not being made into objects. */
const LONG = 100_000;
/** Characters of JSON whose soundness is remembered. */
const MOST_KEPT = 8_000_000;
const arePresent = madeOf(isPresentPods, MOST_KEPT);

/** An ended experiment of very many pods, as it is stored: none of them is made an object. */
export interface LongRecord {
  summary: ExperimentSummary;
  /** JSON: all of them. */
  pods: string;
  /** JSON: one a line, in their order. One that is damaged may be among them. */
  events: string;
}

/** Null: it lives, has few pods, or part of its row is damaged. */
export function longRecordIn(statements: Statements, id: string): LongRecord | null {
  const row = statements.experiment<ExperimentRow>(id);
  if (row === undefined || row.live !== 0 || row.pods.length < LONG) return null;
  const summary = soundSummary(row);
  if (summary === null || foldIn(row.fold) === null || !arePresent(row.pods)) return null;
  return {
    summary,
    pods: row.pods,
    events: statements.eventLines<{ lines: string | null }>(id)?.lines ?? '',
  };
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
