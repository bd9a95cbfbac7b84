import { parseDuration } from '../../base/text/duration.ts';
import { STATUSES, type Status } from '../../experiment/status.ts';

/** Which experiments a list shows. It stands in the address, as words in the field, and in what the control plane is asked. */
export interface Filters {
  status: Status[];
  label: string[];
  project?: string;
  engine?: string;
  operator?: string;
  submitted_by?: string;
  branch?: string;
  commit?: string;
  sweep?: string;
  /** How far back: `7d`, or a time. */
  since?: string;
  /** Up to when, written in the same way. */
  until?: string;
  /** Part of the message. */
  message?: string;
  /** `metric.NAME`, `-metric.NAME`. */
  sort?: string;
}

type Single = Exclude<keyof Filters, 'status' | 'label'>;

/** Those that have one value. */
export const SINGLE_FILTERS: readonly Single[] = [
  'project',
  'engine',
  'operator',
  'submitted_by',
  'branch',
  'commit',
  'sweep',
  'since',
  'until',
  'message',
  'sort',
];

/** What the address says. A status that is none is left out: the address may be older than the program. */
export function filtersOf(search: URLSearchParams): Filters {
  const filters: Filters = {
    status: search.getAll('status').filter(isStatus),
    label: search.getAll('label').filter((label) => label !== ''),
  };
  for (const name of SINGLE_FILTERS) {
    const value = search.get(name);
    if (value) filters[name] = value;
  }
  return filters;
}

/**
 * What the control plane is asked for. `now` is what `since` and `until` are counted back from.
 *
 * @param now milliseconds since 1970
 */
export function parametersOf(
  { since, until, ...filters }: Filters,
  now: number,
): Record<string, string | string[]> {
  const [from, to] = [since, until].map((text) => (text === undefined ? null : timeMeant(text, now)));
  const asked = Object.entries(filters).filter(([, value]) => value !== undefined && value.length > 0);
  return { ...Object.fromEntries(asked), ...(from && { since: from }), ...(to && { until: to }) };
}

/** `7d` (so long ago) or a time, as ISO 8601; null: it cannot be read. */
export function timeMeant(text: string, now: number): string | null {
  const back = parseDuration(text);
  if ('seconds' in back) return new Date(now - back.seconds * 1000).toISOString();
  const time = Date.parse(text);
  return Number.isNaN(time) ? null : new Date(time).toISOString();
}

function isStatus(text: string): text is Status {
  return STATUSES.some((status) => status === text);
}
