import { LOG_PAGE } from '../../api/console/first-asked.ts';
import type { LogLine } from '../../logs/line.ts';

/** Some 10,000 lines: far more than are seen, far less than there may be. */
const MOST_PAGES = 20;

/** Lines of a log that are here, in pages; the ones that were asked for least lately go. */
export interface PageStore {
  /** The line at this place; null: not here, and asked for. */
  line(place: number): LogLine | null;
  /** The line with this number, where its page is here. */
  known(sequence: number): LogLine | null;
  /** A new line at the end of `lines` lines. */
  append(line: LogLine, lines: number): void;
}

interface Page {
  /** Null: it is on its way. */
  lines: LogLine[] | null;
  /** How many lines there were of it when it was asked for: damaged ones do not come. */
  asked: number;
}

interface PageStoreOptions {
  /** Lines of the page with this number, from 0 on. Rejects where they cannot be had. */
  load(number: number): Promise<LogLine[]>;
  /** How many lines there are. */
  count(): number;
  /** A page has come, or could not be had. */
  changed(failure: unknown): void;
}

export function createPageStore({ load, count, changed }: PageStoreOptions): PageStore {
  const pages = new Map<number, Page>();
  const linesOf = (number: number) => Math.min(LOG_PAGE, count() - number * LOG_PAGE);

  function keep(number: number, page: Page): void {
    pages.delete(number);
    pages.set(number, page);
    for (const other of pages.keys()) {
      if (pages.size <= MOST_PAGES) break;
      if (other !== number) pages.delete(other);
    }
  }
  async function fetchPage(number: number): Promise<void> {
    const page: Page = { lines: null, asked: linesOf(number) };
    keep(number, page);
    try {
      const lines = await load(number);
      if (pages.get(number) === page) keep(number, { lines, asked: Math.max(page.asked, lines.length) });
      changed(null);
    } catch (error) {
      pages.delete(number);
      changed(error);
    }
  }
  return {
    line(place) {
      const number = Math.floor(place / LOG_PAGE);
      const page = pages.get(number);
      const line = page?.lines?.[place % LOG_PAGE];
      const isShort = page?.lines != null && line === undefined && page.asked < linesOf(number);
      if (page === undefined || isShort) void fetchPage(number);
      return line ?? null;
    },
    known(sequence) {
      for (const { lines } of pages.values()) {
        const [first, last] = [lines?.[0], lines?.at(-1)];
        if (first === undefined || last === undefined) continue;
        if (first.sequence <= sequence && sequence <= last.sequence)
          return lines?.find((line) => line.sequence === sequence) ?? null;
      }
      return null;
    },
    append(line, lines) {
      const number = Math.floor(lines / LOG_PAGE);
      const at = lines % LOG_PAGE;
      const page = at === 0 ? { lines: [], asked: 0 } : pages.get(number);
      if (page === undefined) return;
      // One that is on its way, or lacks lines, is asked for again when it is seen.
      if (page.lines?.length !== at) return void pages.delete(number);
      page.lines.push(line);
      keep(number, { lines: page.lines, asked: at + 1 });
    },
  };
}
