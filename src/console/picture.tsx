/**
 * The console for the server: what a page shows first, as text of HTML, by the components that show it in the browser. A browser shows it
 * before any script has run; the page's own script then takes its place.
 */
import { renderToString } from 'preact-render-to-string';
import type { ConsoleSession, StatusCounts } from '../api/console/console-contract.ts';
import { apiUrl } from '../api/console/addresses.ts';
import {
  countParameters,
  listParameters,
  logFiltersOf,
  logOutlineUrl,
  logPageUrl,
  LOG_PAGE,
  pageAt,
} from '../api/console/first-asked.ts';
import { filtersOf } from '../api/console/list-filters.ts';
import type { LogOutlineAnswer } from '../api/console/log-contract.ts';
import type { DrawPicture } from '../api/console/picture-contract.ts';
import type { ExperimentList } from '../api/contract.ts';
import type { ExperimentRecord } from '../experiment/record.ts';
import { now as clock } from './base/clock.ts';
import { standAt } from './base/route.ts';
import { session } from './base/session.ts';
import { ExperimentPage } from './experiment/page.tsx';
import { createListed } from './list/listed.ts';
import { ListPage } from './list/page.tsx';
import type { LastLines } from './logs/last-lines.tsx';
import { linesIn } from './logs/pages.ts';
import { Frame } from './parts/frame.tsx';

/** What the answers say, by their addresses. */
type Known = <T>(url: string) => T | null;

/** More lines than a window shows. */
const SEEN_LINES = 120;

export const drawPicture: DrawPicture = ({ address, answers, now }) => {
  const known = <T,>(url: string): T | null => {
    const text = answers.get(url);
    return text === undefined ? null : (JSON.parse(text) as T);
  };
  const url = new URL(address, 'http://nowhere.invalid');
  session.value = known<ConsoleSession>(apiUrl('/session'));
  if (!session.value) return '';
  try {
    clock.value = now;
    standAt(url);
    const shown = shownAt(url, known);
    return shown === null ? '' : renderToString(<Frame>{shown}</Frame>);
  } finally {
    // Nothing of one person stays for the next.
    session.value = null;
    standAt(new URL(url.origin));
  }
};

function shownAt(url: URL, known: Known) {
  const { name, ref } = pageAt(url.pathname);
  if (name === 'index') return listAt(url, known);
  if (name !== 'logs') return null;
  const record = known<ExperimentRecord>(apiUrl(`/experiments/${ref}`));
  const last = record && lastLinesOf(record.experiment_id, url, known);
  return record && last && <ExperimentPage id={ref} tab="logs" known={{ record, last }} />;
}

function listAt(url: URL, known: Known) {
  const filters = filtersOf(url.searchParams);
  const top = known<ExperimentList>(apiUrl('/experiments', listParameters(filters, 0)));
  const counts = known<StatusCounts>(apiUrl('/counts', countParameters(filters, 0)));
  if (top === null || counts === null) return null;
  const listed = createListed();
  listed.take(top, counts.counts);
  return <ListPage listed={listed} />;
}

function lastLinesOf(id: string, url: URL, known: Known): LastLines | null {
  const filters = logFiltersOf(url.searchParams);
  const outline = known<LogOutlineAnswer>(logOutlineUrl(id, filters));
  if (outline === null) return null;
  const end = Math.floor((outline.lines - 1) / LOG_PAGE);
  const page = (number: number) => known<string>(logPageUrl(id, filters, number));
  const last = end < 0 ? '' : page(end);
  // It may be too much to come with the page.
  if (last === null) return null;
  const texts = `${page(end - 1) ?? ''}\n${last.trimEnd()}`.split('\n');
  return { outline, lines: linesIn(texts.slice(-SEEN_LINES).join('\n')) };
}
