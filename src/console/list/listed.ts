import { batch, computed, signal, type Signal } from '@preact/signals';
import type { StatusCounts } from '../../api/console/console-contract.ts';
import { countParameters, listParameters } from '../../api/console/first-asked.ts';
import type { Filters } from '../../api/console/list-filters.ts';
import type { ExperimentList } from '../../api/contract.ts';
import type { ExperimentSummary } from '../../experiment/record.ts';
import { get } from '../base/api.ts';
import { onChange, onReopened } from '../base/live.ts';
import { sayFailure } from '../base/said.ts';

/** What the list of experiments shows: pages as far as they were scrolled to, each row kept up to date. */
export interface ListedExperiments {
  /** Ids from the top. Null: the first page is not here yet. */
  ids: Signal<readonly string[] | null>;
  /** Whether there are more below. */
  hasMore: Signal<boolean>;
  /** Experiments of each status, whatever status is asked for. */
  counts: Signal<StatusCounts['counts'] | null>;
  row(id: string): Signal<ExperimentSummary> | undefined;
  /** Takes what is known already: the top, and the counts. */
  take(top: ExperimentList, known: StatusCounts['counts']): void;
  /** Shows what these filters ask for, from the top, and keeps it up to date from then on. */
  show(filters: Filters): void;
  /** Loads what is below, unless that goes on already. */
  more(): Promise<void>;
  /** Reads the top again, and the counts. */
  refresh(): Promise<void>;
}

/** Changes come in bursts: what is new at the top, and how many there are, is asked for once a burst. */
const SETTLE_MS = 400;

/** What is known of each experiment. */
function createRows() {
  const rows = new Map<string, Signal<ExperimentSummary>>();
  return {
    row: (id: string) => rows.get(id),
    /** Their ids. */
    keep(experiments: readonly ExperimentSummary[]): string[] {
      return experiments.map((summary) => {
        const known = rows.get(summary.experiment_id);
        if (known === undefined) rows.set(summary.experiment_id, signal(summary));
        else known.value = summary;
        return summary.experiment_id;
      });
    },
    /** Whether its status is another one than was known. */
    changed(summary: ExperimentSummary): boolean {
      const known = rows.get(summary.experiment_id);
      const isOther = known?.value.status !== summary.status;
      if (known !== undefined) known.value = summary;
      return isOther;
    },
  };
}

export function createListed(): ListedExperiments {
  const ids = signal<readonly string[] | null>(null);
  const cursor = signal<string | null>(null);
  const counts = signal<StatusCounts['counts'] | null>(null);
  const { row, keep, changed } = createRows();
  let filters: Filters | null = null;
  let asking = new AbortController();
  let isLoadingMore = false;
  let settling: ReturnType<typeof setTimeout> | undefined;

  const page = (more?: string): Promise<ExperimentList> =>
    get<ExperimentList>(
      '/experiments',
      { ...listParameters(asked(), Date.now()), ...(more !== undefined && { cursor: more }) },
      asking.signal,
    );
  const asked = (): Filters => filters ?? { status: [], label: [] };
  async function count(): Promise<void> {
    const conditions = countParameters(asked(), Date.now());
    counts.value = (await get<StatusCounts>('/counts', conditions, asking.signal)).counts;
  }
  async function refresh(): Promise<void> {
    const [{ experiments, next_cursor }] = await Promise.all([page(), count()]);
    batch(() => {
      const top = keep(experiments);
      const isSorted = filters?.sort !== undefined;
      const shown = new Set(top);
      const below = isSorted ? [] : (ids.value ?? []).filter((id) => !shown.has(id)).slice(0);
      const isAll = ids.value === null || next_cursor === null || isSorted;
      if (isAll) cursor.value = next_cursor;
      // What stood further down stays there; without a next page nothing does.
      ids.value = isAll ? top : [...top, ...below];
    });
  }
  const inTime = () => {
    clearTimeout(settling);
    settling = setTimeout(() => guarded(refresh()), SETTLE_MS);
  };
  let isListening = false;
  function listen(): void {
    if (isListening) return;
    isListening = true;
    onChange((summary) => changed(summary) && inTime());
    onReopened(inTime);
  }
  return {
    ids,
    counts,
    hasMore: computed(() => cursor.value !== null) as Signal<boolean>,
    row,
    take({ experiments, next_cursor }, known) {
      counts.value = known;
      cursor.value = next_cursor;
      ids.value = keep(experiments);
    },
    show(next) {
      listen();
      asking.abort();
      asking = new AbortController();
      filters = next;
      batch(() => {
        ids.value = null;
        cursor.value = null;
      });
      guarded(refresh());
    },
    refresh,
    async more() {
      if (isLoadingMore || cursor.value === null) return;
      isLoadingMore = true;
      try {
        const { experiments, next_cursor } = await page(cursor.value);
        batch(() => {
          const added = keep(experiments);
          const before = ids.value ?? [];
          const known = new Set(before);
          cursor.value = next_cursor;
          ids.value = [...before, ...added.filter((id) => !known.has(id))];
        });
      } finally {
        isLoadingMore = false;
      }
    },
  };
}

function guarded(work: Promise<unknown>): void {
  work.catch((error: unknown) => {
    if (!(error instanceof DOMException && error.name === 'AbortError')) sayFailure(error);
  });
}
