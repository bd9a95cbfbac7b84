import type { Signal } from '@preact/signals';
import { useSignal } from '@preact/signals';
import { plural } from '../../base/text/plural.ts';
import type { ExperimentRecord } from '../../experiment/record.ts';
import { isTerminal, STEPS } from '../../experiment/status.ts';
import type { LogFilters } from '../../api/console/first-asked.ts';
import type { LogOutlineAnswer } from '../../api/console/log-contract.ts';
import { apiUrl } from '../../api/console/addresses.ts';
import { grouped } from '../base/text.ts';
import { isWrapped, toggleWrapped } from './wrapped.ts';
import type { LogSearch } from './search.ts';

export const SEARCH_FIELD = 'log-search';

interface LogToolsProps {
  record: ExperimentRecord;
  filters: LogFilters;
  /** All that lines come from, whatever is shown of it. */
  sources: LogOutlineAnswer['sources'];
  /** Lines that are shown; null: not known yet. */
  lines: number | null;
  found: LogSearch;
  isFollowing: Signal<boolean>;
  onFilter(filters: LogFilters): void;
  onJump(step: 1 | -1): void;
}

export function LogTools({
  record,
  filters,
  sources,
  lines,
  found,
  isFollowing,
  onFilter,
  onJump,
}: LogToolsProps) {
  const pods = [
    ...new Set([...record.pods.map(({ pod }) => pod), ...sources.flatMap(({ pod }) => pod ?? [])]),
  ];
  const steps = STEPS.filter((step) => sources.some((source) => source.step === step));
  const attempts = Array.from({ length: record.attempt }, (_, index) => String(index + 1));
  const choose = (name: keyof LogFilters, value: string) => {
    const { [name]: _before, ...others } = filters;
    onFilter(value === '' ? others : { ...others, [name]: value });
  };
  const onlyPod = filters.pod ?? (pods.length === 1 ? pods[0] : undefined);
  return (
    <div class="tools">
      <Search key={JSON.stringify(filters)} found={found} onJump={onJump} />
      <Choice
        name="Pod"
        all="All pods"
        values={pods}
        value={filters.pod}
        onChoose={(pod) => choose('pod', pod)}
      />
      <Choice
        name="Step"
        all="All steps"
        values={steps}
        value={filters.step}
        onChoose={(step) => choose('step', step)}
      />
      {attempts.length > 1 && (
        <Choice
          name="Attempt"
          all="All attempts"
          values={attempts}
          value={filters.attempt}
          onChoose={(attempt) => choose('attempt', attempt)}
        />
      )}
      {!isTerminal(record.status) && (
        <label class="check">
          <input
            type="checkbox"
            checked={isFollowing.value}
            onChange={({ currentTarget: { checked } }) => (isFollowing.value = checked)}
          />
          Follow
        </label>
      )}
      <label class="check">
        <input type="checkbox" checked={isWrapped.value} onChange={toggleWrapped} />
        Wrap
      </label>
      <span class="muted">{lines !== null && linesText(lines)}</span>
      <Download id={record.experiment_id} pod={onlyPod} filters={filters} />
    </div>
  );
}

interface DownloadProps {
  id: string;
  /** The only one that is shown. */
  pod: string | undefined;
  filters: LogFilters;
}

/** One pod's run exactly as it was printed, else all that is shown as text, each line behind the name of its pod. */
function Download({ id, pod, filters }: DownloadProps) {
  const path = `/experiments/${id}/logs`;
  const isRaw = pod !== undefined && (filters.step ?? 'run') === 'run';
  const { attempt } = filters;
  const url = isRaw
    ? apiUrl(path, { pod, attempt, raw: 'true' })
    : apiUrl(path, { ...filters, text: 'true' });
  return (
    <a
      href={url}
      download={`${[id, ...(isRaw ? [pod] : Object.values(filters))].join('-')}.log`}
      title={isRaw ? `What ${pod} printed, byte by byte` : 'Every line, behind the name of its pod'}
    >
      Download
    </a>
  );
}

function linesText(lines: number): string {
  return `${grouped(lines)} ${plural(lines, 'line')}`;
}

interface ChoiceProps {
  name: string;
  all: string;
  values: readonly string[];
  value: string | undefined;
  onChoose(value: string): void;
}

function Choice({ name, all, values, value, onChoose }: ChoiceProps) {
  if (values.length < 2 && value === undefined) return null;
  return (
    <select
      aria-label={name}
      value={value ?? ''}
      onChange={({ currentTarget }) => onChoose(currentTarget.value)}
    >
      <option value="">{all}</option>
      {values.map((each) => (
        <option key={each} value={each}>
          {each}
        </option>
      ))}
    </select>
  );
}

function Search({ found, onJump }: Pick<LogToolsProps, 'found' | 'onJump'>) {
  const text = useSignal('');
  const sought = useSignal('');
  const result = found.result.value;
  const submit = async (event: Event) => {
    event.preventDefault();
    if (sought.value !== text.value) {
      sought.value = text.value;
      await found.find(text.value);
    }
    onJump(1);
  };
  return (
    <form role="search" class="log-search" onSubmit={(event) => void submit(event)}>
      <label class="unseen" for={SEARCH_FIELD}>
        Search the log
      </label>
      <input
        id={SEARCH_FIELD}
        type="search"
        placeholder="Search the whole log"
        autocomplete="off"
        spellcheck={false}
        value={text.value}
        onInput={({ currentTarget }) => (text.value = currentTarget.value)}
        onKeyDown={(event) => event.key === 'Escape' && event.currentTarget.blur()}
      />
      {result !== null && (
        <>
          <button type="button" class="quiet" aria-label="The match before" onClick={() => onJump(-1)}>
            ↑
          </button>
          <button type="button" class="quiet" aria-label="The next match" onClick={() => onJump(1)}>
            ↓
          </button>
          <span class="muted" role="status">
            {found.at.value} of {result.matches.length}
            {!result.is_whole && '+'}
          </span>
        </>
      )}
      {found.isBusy.value && <span class="muted">Searching…</span>}
    </form>
  );
}
