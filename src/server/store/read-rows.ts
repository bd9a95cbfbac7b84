import type { ExperimentEvent } from '../../experiment/event.ts';
import type { ExperimentSummary } from '../../experiment/record.ts';
import type { ExperimentState } from '../../experiment/state.ts';
import { parsedColumn, stateOfRow, summaryOfRow, type ExperimentRow } from './rows.ts';
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
