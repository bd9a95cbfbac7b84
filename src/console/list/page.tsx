import { effect, useComputed, useSignal } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { filtersOf, type Filters } from '../../api/console/list-filters.ts';
import { useKeysOf } from '../base/keys.ts';
import { go, search } from '../base/route.ts';
import { sayFailure } from '../base/said.ts';
import { may } from '../base/session.ts';
import { lazy } from '../parts/lazy.tsx';
import { ColumnsChoice } from './columns-choice.tsx';
import { columnName, columnsOf, type ListColumn } from './columns.ts';
import { FILTER_FIELD, FilterBar } from './filter-bar.tsx';
import { searchOf } from './filters.ts';
import { createListed, type ListedExperiments } from './listed.ts';
import { Row } from './row.tsx';
import { createSelection, type ListSelection } from './selection.ts';

/** One for the life of the page: who comes back from an experiment finds the list as it was. */
const everyday = createListed();

const bar = lazy(async () => (await import('./selection-bar.tsx')).SelectionBar, { meanwhile: null });

export function ListPage({ listed = everyday }: { listed?: ListedExperiments }) {
  // By its words: a parameter that is not of the filters (a column) loads nothing anew.
  const asked = useComputed(() => searchOf(filtersOf(search.value)));
  const columns = columnsOf(search.value);
  const selection = useSelection(listed);
  // Before anything is painted: the first rows may have come with the page.
  useLayoutEffect(
    () => effect(() => listed.show(filtersOf(new URLSearchParams(asked.value)))),
    [listed, asked],
  );
  const filters = filtersOf(search.value);
  const show = (next: Filters, more: readonly ListColumn[], replace: boolean) => {
    const parameters = new URLSearchParams(searchOf(next));
    for (const column of more) parameters.append('column', column);
    go(`/experiments${parameters.size > 0 ? `?${parameters}` : ''}`, { replace });
  };
  useEffect(() => {
    document.title = 'Experiments – aichor';
  }, []);
  return (
    <>
      <h1 class="unseen">Experiments</h1>
      <FilterBar
        filters={filters}
        counts={listed.counts.value}
        onFilter={(next, isTyped) => show(next, columns, isTyped)}
      />
      {filters.sweep !== undefined && (
        <p class="of-sweep">
          <a href={`/sweeps/${encodeURIComponent(filters.sweep)}`}>Sweep {filters.sweep}: what came of it</a>
        </p>
      )}
      <ColumnsChoice listed={listed} chosen={columns} onChoose={(next) => show(filters, next, true)} />
      <Table
        listed={listed}
        columns={columns}
        selection={selection}
        sort={filters.sort}
        onSort={(sort) => show(sort === undefined ? without(filters) : { ...filters, sort }, columns, false)}
      />
      {may('member') && selection.ids.value.size > 0 && (
        <bar.Component listed={listed} selection={selection} />
      )}
    </>
  );
}

function without({ sort: _sort, ...filters }: Filters): Filters {
  return filters;
}

/** What is selected, and the row that keys move. */
function useSelection(listed: ListedExperiments): ListSelection {
  const { current: selection } = useRef(createSelection(listed.ids));
  useEffect(() => {
    const show = () =>
      document
        .querySelector(`tr[data-id="${selection.current.value}"]`)
        ?.scrollIntoView({ block: 'nearest' });
    return useKeysOf({
      j: () => void (selection.move(1), show()),
      k: () => void (selection.move(-1), show()),
      ArrowDown: () => void (selection.move(1), show()),
      ArrowUp: () => void (selection.move(-1), show()),
      x: () => selection.toggleCurrent(),
      Enter: () => selection.current.value !== null && go(`/experiments/${selection.current.value}`),
      '/': () => document.getElementById(FILTER_FIELD)?.focus(),
      Escape: () => selection.clear(),
    });
  }, [selection]);
  return selection;
}

interface TableProps {
  listed: ListedExperiments;
  columns: readonly ListColumn[];
  selection: ListSelection;
  sort: string | undefined;
  onSort(sort: string | undefined): void;
}

/** As many rows as most windows show: they are painted before the others are made. */
const FIRST_ROWS = 25;

function Table({ listed, columns, selection, sort, onSort }: TableProps) {
  const { ids, row } = listed;
  const isPainted = useSignal(false);
  const shown = ids.value;
  useEffect(() => {
    if (shown !== null) isPainted.value = true;
  }, [isPainted, shown === null]);
  if (shown === null) return <p class="empty">Loading…</p>;
  if (shown.length === 0) return <Nothing />;
  return (
    <div class="scroller">
      <table class="experiments">
        <thead>
          <tr>
            <th>
              <span class="unseen">Selected</span>
            </th>
            <th>Status</th>
            <th>Experiment</th>
            <th class="project">Project</th>
            <th class="engine">Engine</th>
            <th class="number pods">Pods</th>
            {columns.map((column) => (
              <th key={column} class="number extra" aria-sort={ariaSort(sort, column)}>
                {column.startsWith('metric.') ? (
                  <button type="button" class="quiet" onClick={() => onSort(nextSort(sort, column))}>
                    {columnName(column)}
                    {sort === column ? ' ↓' : sort === `-${column}` ? ' ↑' : ''}
                  </button>
                ) : (
                  columnName(column)
                )}
              </th>
            ))}
            <th class="number time">Duration</th>
            <th class="number when">Submitted</th>
            <th class="by">By</th>
          </tr>
        </thead>
        <tbody>
          {(isPainted.value ? shown : shown.slice(0, FIRST_ROWS)).map((id) => {
            const known = row(id);
            return (
              known !== undefined && (
                <Row
                  key={id}
                  row={known}
                  columns={columns}
                  isSelected={selection.ids.value.has(id)}
                  isCurrent={selection.current.value === id}
                  onSelect={selection.toggle}
                />
              )
            );
          })}
        </tbody>
      </table>
      {isPainted.value && <Below listed={listed} />}
    </div>
  );
}

function ariaSort(sort: string | undefined, column: ListColumn) {
  return sort === column ? 'descending' : sort === `-${column}` ? 'ascending' : undefined;
}

/** The largest first, then the smallest, then the newest again. */
function nextSort(sort: string | undefined, column: ListColumn): string | undefined {
  return sort === column ? `-${column}` : sort === `-${column}` ? undefined : column;
}

/** Loads more when it comes into sight. */
function Below({ listed }: { listed: ListedExperiments }) {
  const end = useRef<HTMLDivElement>(null);
  const isBusy = useSignal(false);
  useEffect(() => {
    const observer = new IntersectionObserver(
      ([entry]) => {
        if (entry?.isIntersecting !== true || isBusy.value) return;
        isBusy.value = true;
        listed
          .more()
          .catch(sayFailure)
          .finally(() => {
            isBusy.value = false;
            // It may still be in sight, of which nothing is told again.
            if (end.current === null) return;
            observer.unobserve(end.current);
            observer.observe(end.current);
          });
      },
      { rootMargin: '600px' },
    );
    if (end.current !== null) observer.observe(end.current);
    return () => observer.disconnect();
  }, [isBusy, listed.hasMore.value]);
  if (!listed.hasMore.value) return null;
  return (
    <div ref={end} class="empty">
      Loading…
    </div>
  );
}

function Nothing() {
  const isFiltered = searchOf(filtersOf(search.value)) !== '';
  return (
    <div class="empty">
      {isFiltered ? (
        <p>
          No experiment is like that. <a href="/experiments">Show all</a>
        </p>
      ) : (
        <p>
          No experiment yet. In a repository with a manifest: <code>aichor experiments submit local</code>
        </p>
      )}
    </div>
  );
}
