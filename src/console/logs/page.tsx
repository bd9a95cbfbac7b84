import { signal, useSignalEffect, type Signal } from '@preact/signals';
import { useEffect, useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import { logFiltersOf, type LogFilters } from '../../api/console/first-asked.ts';
import type { LogOutlineAnswer } from '../../api/console/log-contract.ts';
import type { ExperimentRecord } from '../../experiment/record.ts';
import { isTerminal } from '../../experiment/status.ts';
import { useKeysOf } from '../base/keys.ts';
import { go, hash, path, search } from '../base/route.ts';
import { localTime } from '../base/text.ts';
import { createCanvas, type LogCanvas } from './canvas.ts';
import { lastState, plainText } from './ansi.ts';
import { LastLinesOf, type LastLines } from './last-lines.tsx';
import { createLogPages, isOfManyPods, type LogPages } from './pages.ts';
import { isWrapped, toggleWrapped } from './wrapped.ts';
import { createLogSearch, type LogSearch } from './search.ts';
import { LogTools, SEARCH_FIELD } from './tools.tsx';

/** The log of an experiment: any line of it at once, whatever its length. */
interface LogsProps {
  record: ExperimentRecord;
  /** The end of the log, where it is known before anything was asked. */
  last?: LastLines | undefined;
}

export function LogsPage({ record, last }: LogsProps) {
  const { experiment_id: id } = record;
  const filters = logFiltersOf(search.value);
  const key = JSON.stringify([id, filters]);
  const shown = useMemo(
    () => ({
      pages: createLogPages(id, filters, last?.outline ?? null),
      found: createLogSearch(id, filters),
      isFollowing: signal(!isTerminal(record.status)),
    }),
    [key],
  );
  const { pages, found, isFollowing } = shown;
  const canvas = useRef<LogCanvas | null>(null);
  const jump = (step: 1 | -1) => jumpTo(found, step, (place) => canvas.current?.show(place));
  // The tools stay as they are while other lines come: a choice that is made with keys goes on.
  return (
    <section class="log" aria-labelledby="log-title">
      <h2 id="log-title" class="unseen">
        Log
      </h2>
      <LogTools
        record={record}
        filters={filters}
        sources={useSources(id, pages)}
        lines={pages.lines.value}
        found={found}
        isFollowing={isFollowing}
        onFilter={(next) => go(`${path.value}${queryOf(next)}`, { replace: true })}
        onJump={jump}
      />
      <Failure pages={pages} />
      <Lines key={key} shown={shown} canvas={canvas} onJump={jump} last={last} />
      <Chosen pages={pages} />
    </section>
  );
}

/** All that lines come from, whatever is shown of it: what was known last until it is told again. */
function useSources(id: string, { outline }: LogPages): LogOutlineAnswer['sources'] {
  const known = useRef<{ id: string; sources: LogOutlineAnswer['sources'] }>({ id, sources: [] });
  if (known.current.id !== id || outline.value !== null)
    known.current = { id, sources: outline.value?.sources ?? [] };
  return known.current.sources;
}

interface LinesProps {
  shown: { pages: LogPages; found: LogSearch; isFollowing: Signal<boolean> };
  canvas: { current: LogCanvas | null };
  onJump(step: 1 | -1): void;
  last: LastLines | undefined;
}

function Lines({ shown: { pages, found, isFollowing }, canvas, onJump, last }: LinesProps) {
  const box = useRef<HTMLDivElement>(null);
  const layer = useRef<HTMLDivElement>(null);
  const space = useRef<HTMLDivElement>(null);
  // Before anything is painted: the lines may have come with the page.
  useLayoutEffect(() => {
    if (box.current === null || layer.current === null || space.current === null) return;
    const own = createCanvas({
      box: box.current,
      layer: layer.current,
      space: space.current,
      pages,
      chosen: chosenLine,
      isFound: (sequence) => found.sequences.value.has(sequence),
      isWrapped: () => isWrapped.value,
      isOfMany: () => isOfManyPods(pages.outline.value),
    });
    canvas.current = own;
    const sized = new ResizeObserver(own.resized);
    const rewrapped = isWrapped.subscribe(own.resized);
    sized.observe(box.current);
    void begin(pages, own, isFollowing);
    return () => {
      sized.disconnect();
      rewrapped();
      pages.close();
    };
  }, [pages, found, isFollowing, canvas]);
  useSignalEffect(() => {
    void [pages.version.value, found.sequences.value, hash.value];
    if (isFollowing.value) queueMicrotask(() => canvas.current?.toEnd());
    canvas.current?.draw();
  });
  useSignalEffect(() => {
    const sequence = chosenLine();
    // Before the log is open, opening it goes there.
    if (sequence === null || pages.lines.peek() === null || canvas.current?.sees(sequence)) return;
    isFollowing.value = false;
    pages.placeOf(sequence).then(
      (place) => place !== null && canvas.current?.show(place),
      (error: unknown) => (pages.failure.value = error),
    );
  });
  useLogKeys({ isFollowing, jump: onJump, toEnd: () => canvas.current?.toEnd() });
  const lines = pages.lines.value;
  return (
    <div
      ref={box}
      class="log-box"
      tabIndex={0}
      role="region"
      aria-label={`Lines of the log${lines === null ? '' : `, ${lines}`}`}
      onScroll={() => {
        canvas.current?.draw();
        if (canvas.current?.isAtEnd() === false) isFollowing.value = false;
      }}
      onWheel={({ deltaY }) => deltaY < 0 && (isFollowing.value = false)}
    >
      <div ref={layer} class="log-layer" />
      {last !== undefined && <LastLinesOf last={last} />}
      <div ref={space} class="log-space" />
      {lines === 0 && <p class="empty">No line yet.</p>}
    </div>
  );
}

function Failure({ pages }: { pages: LogPages }) {
  const failure = pages.failure.value;
  if (failure === null) return null;
  return (
    <p role="alert" class="failure">
      {failure instanceof Error ? failure.message : String(failure)}
    </p>
  );
}

async function begin(pages: LogPages, canvas: LogCanvas, isFollowing: { value: boolean }): Promise<void> {
  const at = chosenLine();
  if (at !== null) isFollowing.value = false;
  try {
    const place = await pages.open(at);
    if (at === null || place === null) canvas.toEnd();
    else canvas.show(place);
  } catch (error) {
    pages.failure.value = error;
  }
}

function chosenLine(): number | null {
  const [, number] = /^#L(\d{1,15})$/.exec(hash.value) ?? [];
  return number === undefined ? null : Number(number);
}

function queryOf(filters: LogFilters): string {
  const query = new URLSearchParams(Object.entries(filters));
  return query.size === 0 ? '' : `?${query}`;
}

/** To the next line that was found, or the one before, round and round. */
function jumpTo(found: LogSearch, step: 1 | -1, show: (place: number) => void): void {
  const match = found.step(step);
  if (match === null) return;
  go(`${path.value}${location.search}#L${match.sequence}`, { replace: true });
  show(match.position);
}

function useLogKeys({
  isFollowing,
  jump,
  toEnd,
}: {
  isFollowing: { value: boolean };
  jump(step: 1 | -1): void;
  toEnd(): void;
}): void {
  useEffect(
    () =>
      useKeysOf({
        '/': () => document.getElementById(SEARCH_FIELD)?.focus(),
        n: () => jump(1),
        N: () => jump(-1),
        f: () => (isFollowing.value = !isFollowing.value),
        G: toEnd,
        w: toggleWrapped,
      }),
    [],
  );
}

/** The line that is chosen, whole and wrapped. */
function Chosen({ pages }: { pages: LogPages }) {
  const sequence = chosenLine();
  void pages.version.value;
  if (sequence === null) return null;
  const line = pages.known(sequence);
  if (line === null) return null;
  return (
    <aside class="log-chosen" aria-label={`Line ${sequence}`}>
      <p class="muted">
        Line {sequence} · {localTime(line.time)} · {line.pod ?? line.step}
        {line.stream !== null && ` · ${line.stream}`}
        {line.attempt > 1 && ` · attempt ${line.attempt}`} <a href={path.value + location.search}>Close</a>
      </p>
      <pre tabIndex={0}>{plainText(lastState(line.text))}</pre>
    </aside>
  );
}
