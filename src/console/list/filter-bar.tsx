import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { StatusCounts } from '../../api/console/console-contract.ts';
import type { Filters } from '../../api/console/list-filters.ts';
import { STATUSES } from '../../experiment/status.ts';
import { StatusMark } from '../parts/status.tsx';
import { filtersOfText, FILTER_WORDS, textOf, toggled } from './filters.ts';

interface FilterBarProps {
  filters: Filters;
  counts: StatusCounts['counts'] | null;
  onFilter(filters: Filters, isTyped: boolean): void;
}

const TYPED_MS = 250;
export const FILTER_FIELD = 'filter';

/** Counts that filter when they are pressed, and a field that takes everything. */
export function FilterBar({ filters, counts, onFilter }: FilterBarProps) {
  return (
    <div class="filters">
      <FilterField filters={filters} onFilter={onFilter} />
      <div class="counts" role="group" aria-label="Status">
        {STATUSES.filter((status) => counts?.[status] || filters.status.includes(status)).map((status) => (
          <button
            key={status}
            type="button"
            aria-pressed={filters.status.includes(status)}
            onClick={() => onFilter(toggled(filters, status), false)}
          >
            <StatusMark status={status} /> <b>{counts?.[status] ?? 0}</b>
          </button>
        ))}
      </div>
    </div>
  );
}

function FilterField({ filters, onFilter }: Pick<FilterBarProps, 'filters' | 'onFilter'>) {
  // What the counts do is not written into the field: they show it themselves.
  const { status, ...others } = filters;
  const shown = textOf({ ...others, status: [] });
  const text = useSignal(shown);
  const timer = useSignal<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => {
    if (document.activeElement?.id !== FILTER_FIELD) text.value = shown;
  }, [shown, text]);
  const apply = (isTyped: boolean) => {
    clearTimeout(timer.value);
    const typed = filtersOfText(text.value);
    onFilter({ ...typed, status: [...new Set([...status, ...typed.status])] }, isTyped);
  };
  return (
    <form
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        apply(false);
      }}
    >
      <label class="unseen" for={FILTER_FIELD}>
        Filter
      </label>
      <input
        id={FILTER_FIELD}
        type="search"
        autocomplete="off"
        spellcheck={false}
        placeholder="Filter: words of the message, engine:…, label:key=value, since:7d"
        title={`Words of the message, and ${FILTER_WORDS.map((word) => `${word}:`).join(' ')}`}
        value={text.value}
        onInput={(event) => {
          text.value = event.currentTarget.value;
          clearTimeout(timer.value);
          timer.value = setTimeout(() => apply(true), TYPED_MS);
        }}
        onKeyDown={(event) => event.key === 'Escape' && event.currentTarget.blur()}
      />
    </form>
  );
}
