import type { ListQuery, WatchQuery } from '../../api/contract.ts';
import type { ExperimentSummary } from '../../experiment/record.ts';
import type { ExperimentState } from '../../experiment/state.ts';
import { isTerminal } from '../../experiment/status.ts';
import { storedSummary } from '../../experiment/summary.ts';
import type { ExperimentChange } from '../../experiment/told/change.ts';
import { isMeant, type ProjectSight } from '../store/conditions.ts';
import { stateOf, type ExperimentStore } from '../store/store.ts';
import type { Changes, Subscription } from './changes.ts';
import { summaryNow, type ExperimentReading } from './get.ts';

/** What watching needs. */
export interface Watching extends ExperimentReading {
  store: ExperimentReading['store'] & Pick<ExperimentStore, 'feed'>;
  changes: Changes;
}

/** How an experiment stands. */
export interface Watched {
  summary: ExperimentSummary;
  /** Who has seen all until this one has seen every change up to this number; null: not yet all that was there at first. */
  seen: number | null;
}

/** Where a reader goes on who was cut off. */
export interface Resumed {
  /** The `seen` that it was told last. */
  from?: number | undefined;
}

/** Who missed more changes than this is shown how things stand instead. */
const MISSED_AT_MOST = 1000;

type Query = ListQuery & ProjectSight;

/**
 * The present state first, then each change: of these ids until all are terminal, or of what the query matches, for
 * ever (what was shown once is shown when it ceases to match, too). A query goes on from the change `from`, with what
 * changed since instead of the present state, where that is still known. Ends quietly when `signal` is aborted. Throws
 * AichorError at once for what cannot be asked.
 */
export function watch(
  by: Watching,
  { from, ...query }: WatchQuery & ProjectSight & Resumed,
  signal: AbortSignal,
): AsyncIterable<Watched> {
  const subscription = by.changes.subscribe();
  try {
    const { id, ...list } = query;
    if (id.length > 0)
      return watchIds(by, { subscription, ids: id.map((ref) => by.store.resolve(ref)), signal });
    const since = from === undefined ? null : missed(by, list, from);
    const first = since ?? { before: null, experiments: by.store.list(list).experiments };
    const start = { ...first, reached: by.store.feed.newest() };
    return watchQuery(by, { subscription, query: list, start, signal });
  } catch (error) {
    subscription.close();
    throw error;
  }
}

/** What is shown first, and what its reader has seen before and after. */
interface Start {
  experiments: ExperimentSummary[];
  before: number | null;
  reached: number;
}

/** What changed behind a number, of what the query means or may have meant then. Null: unknown by now, or too much. */
function missed(by: Watching, query: Query, from: number): Omit<Start, 'reached'> | null {
  const { feed } = by.store;
  const { oldest, newest } = feed.range();
  if (from < oldest - 1 || from > newest || newest - from > MISSED_AT_MOST) return null;
  const ids = feed.after(from, MISSED_AT_MOST).map(({ change }) => {
    const { experiment_id: id }: Pick<ExperimentChange, 'experiment_id'> = JSON.parse(change);
    return id;
  });
  const experiments = [...new Set(ids)].flatMap((id) => {
    const state = by.store.state(id);
    const isAsked = state !== null && isMeant(storedSummary(state), { ...query, status: [], label: [] });
    return isAsked ? [summaryNow(by, state)] : [];
  });
  return { before: from, experiments };
}

/** Those of one moment: who has seen the last of them has seen all up to `reached`. */
function* numbered({ experiments, before, reached }: Start): Generator<Watched> {
  for (const [index, summary] of experiments.entries())
    yield { summary, seen: index === experiments.length - 1 ? reached : before };
}

/** What changed since the last call; how far that reaches is known where nothing has come meanwhile. */
async function nextOf(
  { store: { feed } }: Watching,
  { subscription, signal, before }: { subscription: Subscription; signal: AbortSignal; before: number },
): Promise<{ states: ExperimentState[]; reached: number }> {
  const states = await subscription.next(signal);
  return { states, reached: signal.aborted || subscription.hasMore() ? before : feed.newest() };
}

async function* watchIds(
  by: Watching,
  { subscription, ids, signal }: { subscription: Subscription; ids: string[]; signal: AbortSignal },
): AsyncGenerator<Watched> {
  const open = new Set(ids);
  const show = (state: ExperimentState): ExperimentSummary => {
    if (isTerminal(state.record.status)) open.delete(state.record.experiment_id);
    return summaryNow(by, state);
  };
  try {
    const present = [...open].map((id) => show(stateOf(by.store, id)));
    let before = by.store.feed.newest();
    yield* numbered({ experiments: present, before: null, reached: before });
    while (open.size > 0 && !signal.aborted) {
      const { states, reached } = await nextOf(by, { subscription, signal, before });
      const experiments = states.filter(({ record }) => open.has(record.experiment_id)).map(show);
      yield* numbered({ experiments, before, reached });
      before = reached;
    }
  } finally {
    subscription.close();
  }
}

async function* watchQuery(
  by: Watching,
  {
    subscription,
    query,
    start,
    signal,
  }: { subscription: Subscription; query: Query; start: Start; signal: AbortSignal },
): AsyncGenerator<Watched> {
  const shown = new Set(start.experiments.map(({ experiment_id: id }) => id));
  let before = start.reached;
  try {
    yield* numbered(start);
    while (!signal.aborted) {
      const { states, reached } = await nextOf(by, { subscription, signal, before });
      const experiments = states.flatMap((state) => {
        const isAsked = isMeant(storedSummary(state), query);
        if (!isAsked && !shown.delete(state.record.experiment_id)) return [];
        if (isAsked) shown.add(state.record.experiment_id);
        return [summaryNow(by, state)];
      });
      yield* numbered({ experiments, before, reached });
      before = reached;
    }
  } finally {
    subscription.close();
  }
}
