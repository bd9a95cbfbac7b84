import { storedSummary } from '../../experiment/summary.ts';
import { LATER_FIELDS, type ExperimentState } from '../../experiment/state.ts';
import type { ExperimentSummary } from '../../experiment/record.ts';

/** A parser of our own rows: what a column holds was written by `columnsOf`. */
export interface ExperimentRow {
  number: number;
  id: string;
  updated_at: string;
  summary: string;
  pods: string;
  fold: string;
}

/** A state as columns. The summary stands apart so that a list need not read every pod. */
export function columnsOf(state: ExperimentState) {
  const { record, ...fold } = state;
  return {
    status: record.status,
    live: state.ended ? 0 : 1,
    // One that ended while it waited has left nothing anywhere.
    tidied: state.ended && record.step === 'wait' ? 1 : 0,
    operator: record.operator,
    message: record.message,
    snapshot: record.source.snapshot,
    created_at: record.created_at,
    ended_at: record.ended_at,
    summary: JSON.stringify(storedSummary(state)),
    pods: JSON.stringify(record.pods),
    fold: JSON.stringify(fold),
  };
}

export function stateOfRow(row: ExperimentRow): ExperimentState {
  const pods: ExperimentState['record']['pods'] = JSON.parse(row.pods);
  const fold: Omit<ExperimentState, 'record'> = JSON.parse(row.fold);
  return { ...fold, record: { ...summaryOf(row.summary), pods } };
}

export function summaryOf(column: string): ExperimentSummary {
  const summary: Omit<ExperimentSummary, keyof typeof LATER_FIELDS> = JSON.parse(column);
  return { ...LATER_FIELDS, ...summary };
}
