import type { ListQuery, WatchQuery } from '../../api/contract.ts';
import type { ExperimentSummary } from '../../experiment/record.ts';
import type { ExperimentState } from '../../experiment/state.ts';
import { isTerminal } from '../../experiment/status.ts';
import { storedSummary } from '../../experiment/summary.ts';
import { stateOf } from '../store/store.ts';
import type { Changes, Subscription } from './changes.ts';
import { summaryNow, type ExperimentReading } from './get.ts';

/** What watching needs. */
export interface Watching extends ExperimentReading {
  changes: Changes;
}
import { isMeant } from '../store/conditions.ts';

/**
 * The present state first, then each change: of these ids until all are terminal, or of what the query matches, for
 * ever (what was shown once is shown when it ceases to match, too). Ends quietly when `signal` is aborted. Throws
 * AichorError at once for what cannot be asked.
 */
export function watch(
  by: Watching,
  query: WatchQuery,
  signal: AbortSignal,
): AsyncIterable<ExperimentSummary> {
  const subscription = by.changes.subscribe();
  try {
    const { id, ...list } = query;
    return id.length > 0
      ? watchIds(by, { subscription, ids: id.map((ref) => by.store.resolve(ref)), signal })
      : watchQuery(by, { subscription, query: list, present: by.store.list(list).experiments, signal });
  } catch (error) {
    subscription.close();
    throw error;
  }
}

async function* watchIds(
  by: ExperimentReading,
  { subscription, ids, signal }: { subscription: Subscription; ids: string[]; signal: AbortSignal },
): AsyncGenerator<ExperimentSummary> {
  const open = new Set(ids);
  const show = (state: ExperimentState): ExperimentSummary => {
    if (isTerminal(state.record.status)) open.delete(state.record.experiment_id);
    return summaryNow(state, by.now());
  };
  try {
    for (const id of new Set(ids)) yield show(stateOf(by.store, id));
    while (open.size > 0 && !signal.aborted) {
      for (const state of await subscription.next(signal)) {
        if (open.has(state.record.experiment_id)) yield show(state);
      }
    }
  } finally {
    subscription.close();
  }
}

async function* watchQuery(
  by: ExperimentReading,
  {
    subscription,
    query,
    present,
    signal,
  }: { subscription: Subscription; query: ListQuery; present: ExperimentSummary[]; signal: AbortSignal },
): AsyncGenerator<ExperimentSummary> {
  const shown = new Set<string>();
  try {
    for (const summary of present) {
      shown.add(summary.experiment_id);
      yield summary;
    }
    while (!signal.aborted) {
      for (const state of await subscription.next(signal)) {
        const isAsked = isMeant(storedSummary(state), query);
        if (!isAsked && !shown.delete(state.record.experiment_id)) continue;
        if (isAsked) shown.add(state.record.experiment_id);
        yield summaryNow(state, by.now());
      }
    }
  } finally {
    subscription.close();
  }
}
