import type { ListQuery } from '../../api/contract.ts';
import { AichorError } from '../../errors.ts';
import type { ExperimentSummary } from '../../experiment/record.ts';

/** What a list can be asked for, less its page: the names and types are those of the HTTP contract. */
export type ListConditions = Omit<ListQuery, 'limit' | 'cursor' | 'sort'>;

/** What deeds to many experiments choose by. */
export interface IdConditions {
  label?: readonly string[];
  sweep?: string;
  live?: boolean;
  /** ISO time: ended before it. */
  ended_before?: string;
}

/** Conditions on `experiments` as SQL, and their values in order. */
export interface Where {
  sql: string;
  values: (string | number)[];
}

/** One condition, for the store and for those who watch: one list must not show what the other hides. */
interface Condition<Value> {
  sql(value: Value): Where;
  holds(experiment: ExperimentSummary, value: Value): boolean;
}

/**
 * Every condition of a list, once. A condition that is added to the contract's `listQuery` is missing here until it is
 * written down: the compiler says so.
 */
const CONDITIONS: { [Name in keyof ListConditions]-?: Condition<NonNullable<ListConditions[Name]>> } = {
  status: {
    sql: (statuses) => ({ sql: `status IN (${statuses.map(() => '?').join(', ')})`, values: statuses }),
    holds: ({ status }, statuses) => statuses.includes(status),
  },
  operator: {
    sql: (operator) => ({ sql: 'operator = ?', values: [operator] }),
    holds: (experiment, operator) => experiment.operator === operator,
  },
  // Asked for seldom, over the few thousand records of one machine or team: no columns of their own.
  project: {
    sql: (project) => ({ sql: `json_extract(summary, '$.project') = ?`, values: [project] }),
    holds: (experiment, project) => experiment.project === project,
  },
  engine: {
    sql: (engine) => ({ sql: `json_extract(summary, '$.engine') = ?`, values: [engine] }),
    holds: (experiment, engine) => experiment.engine === engine,
  },
  label: {
    sql: labelsAsSql,
    holds: ({ labels }, wanted) =>
      wanted
        .map(parseLabel)
        .every(({ key, value }) => Object.hasOwn(labels, key) && (value === null || labels[key] === value)),
  },
  sweep: {
    sql: sweepAsSql,
    holds: ({ sweep }, name) => sweep?.name === name,
  },
  /** Part of it, whatever the case. */
  message: {
    sql: (text) => ({ sql: `message LIKE ? ESCAPE '\\'`, values: [`%${escapeLike(text)}%`] }),
    holds: ({ message }, text) => lowerAscii(message).includes(lowerAscii(text)),
  },
  since: {
    sql: (time) => ({ sql: 'created_at >= ?', values: [time] }),
    holds: ({ created_at }, time) => created_at >= time,
  },
};

/** What is asked for, as SQL that follows `FROM experiments`. `also` are conditions of the page. */
export function whereOfList(query: ListConditions, also: readonly Where[] = []): Where {
  return joined([...asked(query).map(([condition, value]) => condition.sql(value)), ...also]);
}

/** Whether one experiment is what a list asks for. */
export function isMeant(experiment: ExperimentSummary, query: ListConditions): boolean {
  return asked(query).every(([condition, value]) => condition.holds(experiment, value));
}

export function whereOfIds({ label, sweep, live, ended_before: endedBefore }: IdConditions): Where {
  return joined([
    ...(live === undefined ? [] : [{ sql: 'live = ?', values: [live ? 1 : 0] }]),
    ...(endedBefore === undefined ? [] : [{ sql: 'live = 0 AND ended_at < ?', values: [endedBefore] }]),
    ...(sweep === undefined ? [] : [sweepAsSql(sweep)]),
    ...(label === undefined || label.length === 0 ? [] : [labelsAsSql(label)]),
  ]);
}

/** The conditions that a query sets, each with its value. An empty list asks for nothing. */
function asked(query: ListConditions): [Condition<unknown>, unknown][] {
  return Object.entries(CONDITIONS).flatMap(([name, condition]): [Condition<unknown>, unknown][] => {
    const value: unknown = Reflect.get(query, name);
    const isSet = value !== undefined && !(Array.isArray(value) && value.length === 0);
    // The table's type has tied each name to its value.
    return isSet ? [[condition as Condition<unknown>, value]] : [];
  });
}

function sweepAsSql(name: string): Where {
  return { sql: 'sweep = ?', values: [name] };
}

function labelsAsSql(labels: readonly string[]): Where {
  const all = labels.map(parseLabel);
  return {
    sql: all
      .map(
        ({ value }) =>
          `number IN (SELECT number FROM labels WHERE key = ?${value === null ? '' : ' AND value = ?'})`,
      )
      .join(' AND '),
    values: all.flatMap(({ key, value }) => (value === null ? [key] : [key, value])),
  };
}

/** `key=value`; the value may hold further `=`. `key` alone: whatever its value is. Throws AichorError `usage`. */
function parseLabel(text: string): { key: string; value: string | null } {
  const equals = text.indexOf('=');
  if (equals === -1 && text !== '') return { key: text, value: null };
  if (equals > 0) return { key: text.slice(0, equals), value: text.slice(equals + 1) };
  throw new AichorError('usage', `${JSON.stringify(text)} is not a label`, {
    hint: 'labels are written KEY=VALUE, or KEY for any value',
  });
}

function joined(parts: readonly Where[]): Where {
  if (parts.length === 0) return { sql: '', values: [] };
  return {
    sql: `WHERE ${parts.map(({ sql }) => sql).join(' AND ')}`,
    values: parts.flatMap(({ values }) => values),
  };
}

function escapeLike(text: string): string {
  return text.replace(/[\\%_]/g, '\\$&');
}

/** SQLite's LIKE knows the case of ASCII letters only. */
function lowerAscii(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
