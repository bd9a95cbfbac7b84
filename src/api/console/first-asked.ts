import { apiUrl, type Parameters } from './addresses.ts';
import { parametersOf, type Filters } from './list-filters.ts';

/**
 * What a page of the console asks for first, by its address. The page asks by these, and the server that serves it answers them with the
 * page itself: they stand here so that both mean the same.
 */

/** Rows of a list that are loaded at once. */
export const LIST_PAGE = 50;
/** Lines of a log that are loaded at once. */
export const LOG_PAGE = 500;

/** Which lines of a log are shown. */
export interface LogFilters {
  pod?: string;
  step?: string;
  attempt?: string;
}

/** The pages of which the build makes a file each, that names the scripts and styles which they need: `<name>.html`. */
export type PageName = 'index' | 'experiment' | 'logs' | 'metrics' | 'sweeps' | 'sweep' | 'team';

/** What an address of the console means. @param pathname as the address has it */
export function pageAt(pathname: string): { name: PageName; ref: string } {
  const [, place = '', ref = '', tab = ''] = pathname.split('/');
  if (place === 'experiments' && ref !== '')
    return { name: tab === 'logs' || tab === 'metrics' ? tab : 'experiment', ref };
  if (place === 'sweeps') return { name: ref === '' ? 'sweeps' : 'sweep', ref };
  return { name: TEAM_PLACES.includes(place) ? 'team' : 'index', ref };
}

const TEAM_PLACES = ['projects', 'engines', 'keys', 'audit'];

/** @param now milliseconds since 1970; what `since` and `until` are counted back from */
export function listParameters(filters: Filters, now: number): Parameters {
  return { ...parametersOf(filters, now), limit: LIST_PAGE };
}

/** The same of how many there are in each status, whatever status is asked for. */
export function countParameters(filters: Filters, now: number): Parameters {
  const { status: _status, sort: _sort, ...conditions } = parametersOf(filters, now);
  return conditions;
}

export function logFiltersOf(search: URLSearchParams): LogFilters {
  const filters: LogFilters = {};
  for (const name of ['pod', 'step', 'attempt'] as const) {
    const value = search.get(name);
    if (value) filters[name] = value;
  }
  return filters;
}

/** Lines of one page of a log. @param page its number, from 0 on */
export function logPageUrl(id: string, filters: LogFilters, page: number): string {
  return apiUrl(`/experiments/${id}/logs`, { ...filters, offset: page * LOG_PAGE, limit: LOG_PAGE });
}

export function logOutlineUrl(id: string, filters: LogFilters, at?: number): string {
  return apiUrl(`/experiments/${id}/logs/outline`, { ...filters, at });
}
