import type { Metrics, MetricValue } from '../../../experiment/record.ts';
import type { PodUsageSummary } from '../../../metrics/usage.ts';
import type { ExperimentState } from '../../../experiment/state.ts';
import { metricsChange } from '../../../experiment/told/change.ts';
import { cannotWriteNow, transaction, type Database } from '../database.ts';
import { stateIn } from '../read-rows.ts';
import { columnsOf, type ExperimentRow } from '../rows.ts';
import type { Statements } from '../statements.ts';
import type { FeedTable } from './feed.ts';

/** All metrics of one experiment, as they are now, how far it is, and what its pods took. */
export interface Measured {
  metrics: Metrics;
  progress: { step: number; total_steps: number } | null;
  /** Of one pod in one attempt; null: nothing is known of it. */
  usage?(pod: string, attempt: number): PodUsageSummary | null;
}

interface MeasuredStore {
  database: Database;
  statements: Statements;
  feed: FeedTable;
  now(): Date;
}

/**
 * Metrics that are not in their rows yet. They change every second or two while pods run and are looked at seldom, so they are written
 * when somebody reads.
 */
export interface Measurements {
  /** Replaces what an experiment had before; ended ones too, whose last values may come late. */
  put(id: string, measure: () => Measured): void;
  /** The state of an experiment with what was put last; null: there is none. */
  state(id: string): ExperimentState | null;
  /** Writes all of it into the rows and the index that lists are sorted by. Outside of transactions. */
  settle(): void;
  /** The same work, which reads or changes records, as if metrics were in their rows at once. */
  settled<Words extends unknown[], Result>(work: (...words: Words) => Result): (...words: Words) => Result;
}

/**
 * Not durable by itself: after a crash metrics are read again. Experiments that were deleted meanwhile are passed over.
 */
export function openMeasurements(store: MeasuredStore): Measurements {
  const { database, statements, feed } = store;
  const pending = new Map<string, () => Measured>();

  function settle(): void {
    if (pending.size === 0) return;
    database.exec('PRAGMA synchronous = NORMAL');
    try {
      transaction(database, () => {
        for (const [id, measure] of pending) saveOne(store, id, measure());
      });
      pending.clear();
    } catch (error) {
      // Who reads must not suffer from that; they are written later.
      if (!cannotWriteNow(error)) throw error;
    } finally {
      database.exec('PRAGMA synchronous = FULL');
    }
    feed.tell();
  }

  return {
    put: (id, measure) => void pending.set(id, measure),
    state(id) {
      const row = statements.experiment<ExperimentRow>(id);
      if (row === undefined) return null;
      const measure = pending.get(id);
      const state = stateIn(statements, row);
      return measure === undefined ? state : withMetrics(state, measure());
    },
    settle,
    settled:
      (work) =>
      (...words) => {
        settle();
        return work(...words);
      },
  };
}

function withMetrics(state: ExperimentState, { metrics, progress, usage }: Measured): ExperimentState {
  const pods = state.record.pods.map((pod) => ({
    ...pod,
    usage: usage?.(pod.pod, pod.attempt) ?? pod.usage,
  }));
  return { ...state, record: { ...state.record, metrics, progress, pods } };
}

function saveOne({ statements, feed, now }: MeasuredStore, id: string, measured: Measured): void {
  const row = statements.experiment<ExperimentRow>(id);
  if (row === undefined) return;
  const state = stateIn(statements, row);
  const before = new Map(Object.entries(state.record.metrics));
  for (const [name, { last }] of Object.entries(measured.metrics)) {
    if (before.get(name)?.last !== last) statements.putMetric(row.number, name, sortable(last));
    before.delete(name);
  }
  // A second run appeared: what had no run in front has one now.
  for (const name of before.keys()) statements.removeMetric(row.number, name);
  const after = withMetrics(state, measured);
  statements.update({ number: row.number, updated_at: row.updated_at, ...columnsOf(after) });
  const change = metricsChange(state.record.metrics, after, now().toISOString());
  if (change !== null) feed.put(change);
}

/** SQLite has infinities, but no NaN. */
function sortable(value: MetricValue): number | null {
  const number = Number(value);
  return Number.isNaN(number) ? null : number;
}
