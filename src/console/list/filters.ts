import { SINGLE_FILTERS, type Filters } from '../../api/console/list-filters.ts';
import { STATUSES, type Status } from '../../experiment/status.ts';

/** The words of the field, in the order in which they are written. */
const WORDS = {
  status: 'status',
  project: 'project',
  engine: 'engine',
  operator: 'operator',
  by: 'submitted_by',
  branch: 'branch',
  commit: 'commit',
  sweep: 'sweep',
  label: 'label',
  since: 'since',
  until: 'until',
  sort: 'sort',
} as const satisfies Record<string, keyof Filters>;

export const FILTER_WORDS = Object.keys(WORDS);

/** The same for an address, without a question mark; empty: everything. */
export function searchOf({ status, label, ...singles }: Filters): string {
  const search = new URLSearchParams();
  for (const each of status) search.append('status', each);
  for (const name of SINGLE_FILTERS) {
    const value = singles[name];
    if (value) search.append(name, value);
  }
  for (const each of label) search.append('label', each);
  return String(search);
}

/** As it is written in the field: `engine:gpu label:team=a words of the message`. */
export function textOf(filters: Filters): string {
  const parts = Object.entries(WORDS).flatMap(([word, name]) =>
    [filters[name] ?? []].flat().map((value) => `${word}:${quoted(value)}`),
  );
  return [...parts, ...(filters.message ? [filters.message] : [])].join(' ');
}

/** What was written in the field. Words that mean nothing else are searched for in the message. */
export function filtersOfText(text: string): Filters {
  const filters: Filters = { status: [], label: [] };
  const rest: string[] = [];
  for (const [part, word = '', inQuotes, bare] of text.matchAll(TOKEN)) {
    const value = inQuotes ?? bare ?? '';
    const name = isWord(word) ? WORDS[word] : null;
    if (name === null || value === '') rest.push(part);
    else if (name === 'label') filters.label.push(value);
    else if (name !== 'status') filters[name] = value;
    else {
      const status = STATUSES.find((each) => each.toLowerCase() === value.toLowerCase());
      if (status === undefined) rest.push(part);
      else filters.status.push(status);
    }
  }
  if (rest.length > 0) filters.message = rest.join(' ');
  return filters;
}

const TOKEN = /(?:(\w+):(?:"([^"]*)"|(\S*))|\S+)/g;

/** With a status more, or without it. */
export function toggled(filters: Filters, status: Status): Filters {
  const { status: before } = filters;
  return {
    ...filters,
    status: before.includes(status) ? before.filter((each) => each !== status) : [...before, status],
  };
}

function quoted(value: string): string {
  return /\s/.test(value) ? `"${value}"` : value;
}

function isWord(text: string): text is keyof typeof WORDS {
  return Object.hasOwn(WORDS, text);
}
