import { signal, type Signal } from '@preact/signals';
import { logOutlineUrl, logPageUrl, type LogFilters } from '../../api/console/first-asked.ts';
import type { LogOutlineAnswer } from '../../api/console/log-contract.ts';
import { isOpenLine, type LogLine } from '../../logs/line.ts';
import { apiUrl } from '../../api/console/addresses.ts';
import { getAt, request } from '../base/api.ts';
import { takeFirst } from '../base/first.ts';
import { createPageStore } from './page-store.ts';

/** The lines of a log as they are needed, and those that come. */
export interface LogPages {
  /** Lines there are, with those that have not ended; null: not known yet. */
  lines: Signal<number | null>;
  outline: Signal<LogOutlineAnswer | null>;
  /** Changes whenever something that may be seen has come. */
  version: Signal<number>;
  failure: Signal<unknown>;
  /** The line at this place, where it is here; else it is asked for. */
  line(place: number): LogLine | null;
  /** The line with this number, where its page is here. */
  known(sequence: number): LogLine | null;
  /** Asks how much there is, and follows what may still come. @param at sequence of a line: its place is returned */
  open(at: number | null): Promise<number | null>;
  /** Where a line stands; null: it is none of these. */
  placeOf(sequence: number): Promise<number | null>;
  close(): void;
}

/** @param known how much there was when it was last asked; null: not known yet */
export function createLogPages(id: string, filters: LogFilters, known: LogOutlineAnswer | null): LogPages {
  const lines = signal(known?.lines ?? null);
  const outline = signal(known);
  const version = signal(0);
  const failure = signal<unknown>(null);
  const closing = new AbortController();
  /** Present states of lines that have not ended, by where they come from. */
  const open = new Map<string, LogLine>();
  let ended = 0;
  /** The lines that came with the page are those that were counted then: beside a later count, some are missing. */
  let isFirst = false;

  const changed = () => {
    lines.value = ended + open.size;
    version.value++;
  };
  const fail = (error: unknown) => {
    if (!closing.signal.aborted) failure.value = error;
  };
  const store = createPageStore({
    count: () => ended,
    load(number) {
      const url = logPageUrl(id, filters, number);
      const first = isFirst ? takeFirst(url) : undefined;
      return typeof first === 'string' ? Promise.resolve(linesIn(first)) : readPage(url, closing.signal);
    },
    changed(error) {
      if (error !== null) fail(error);
      changed();
    },
  });
  function take(line: LogLine): void {
    const source = `${line.pod} ${line.step} ${line.stream}`;
    if (isOpenLine(line)) return void open.set(source, line);
    open.delete(source);
    store.append(line, ended);
    ended++;
  }
  async function follow(after: number): Promise<void> {
    const url = apiUrl(`/experiments/${id}/logs`, { ...filters, follow: 'true', after });
    const response = await request(url, { signal: closing.signal });
    for await (const texts of textLines(response)) {
      const come = texts.map(parsed).filter((line) => line !== null);
      come.forEach(take);
      if (come.length > 0) changed();
    }
    open.clear();
    changed();
  }
  const ask = (at: number | undefined) =>
    getAt<LogOutlineAnswer>(logOutlineUrl(id, filters, at), closing.signal);
  async function askFirst(at: number | undefined): Promise<LogOutlineAnswer> {
    const first = takeFirst(logOutlineUrl(id, filters, at)) as LogOutlineAnswer | undefined;
    isFirst = first !== undefined;
    return first ?? ask(at);
  }
  return {
    lines,
    outline,
    version,
    failure,
    line: (place) => (place < ended ? store.line(place) : ([...open.values()][place - ended] ?? null)),
    known: store.known,
    async open(at) {
      const found = await askFirst(at ?? undefined);
      outline.value = found;
      ended = found.lines;
      // What will be seen is on its way before anything is drawn.
      if (ended > 0) store.line(Math.min(found.position ?? ended, ended - 1));
      changed();
      if (found.is_coming) follow(found.last_sequence).catch(fail);
      return found.position;
    },
    placeOf: async (sequence) => (await ask(sequence)).position,
    close: () => closing.abort(),
  };
}

async function readPage(url: string, signal: AbortSignal): Promise<LogLine[]> {
  return linesIn(await (await request(url, { signal })).text());
}

/** Whether lines come from several pods: each says then from which. */
export function isOfManyPods(outline: LogOutlineAnswer | null): boolean {
  return new Set(outline?.sources.flatMap(({ pod }) => pod ?? [])).size > 1;
}

/** Lines of an answer, as text. */
export function linesIn(text: string): LogLine[] {
  return text
    .split('\n')
    .map(parsed)
    .filter((line) => line !== null);
}

/** Null: a line of the stream itself, or none. */
function parsed(text: string): LogLine | null {
  return text.startsWith('{"sequence":') ? (JSON.parse(text) as LogLine) : null;
}

/** Whole lines, as many as came at once. */
async function* textLines(response: Response): AsyncGenerator<string[]> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (let piece = await reader?.read(); piece?.done === false; piece = await reader?.read()) {
    const texts = (rest + piece.value).split('\n');
    rest = texts.pop() ?? '';
    yield texts;
  }
}
