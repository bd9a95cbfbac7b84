import type { ListQuery } from '../../api/contract.ts';
import { AichorError } from '../../errors.ts';
import type { ExperimentSummary } from '../../experiment/record.ts';

/** Projects of which a caller sees something; absent: all. */
export interface ProjectSight {
  projects?: readonly string[];
}

/** What a list can be asked for, less its page: the names and types are those of the HTTP contract. */
export type ListConditions = Omit<ListQuery, 'limit' | 'cursor' | 'sort'> & ProjectSight;

/** What deeds to many experiments choose by. */
export interface IdConditions extends ProjectSight {
  label?: readonly string[];
  sweep?: string;
  live?: boolean;
  /** What their ids begin with. */
  prefix?: string;
  /** ISO time: ended before it. */
  ended_before?: string;
}

/** Conditions on `experiments` as SQL, and their values in order. */
export interface Where {
  sql: string;
  values: (string | number)[];
}

/** One condition, for the store and for those who watch: one list must not show what the other hides. */
interface Condition<Value, Seen = ExperimentSummary> {
  sql(value: Value): Where;
  holds(experiment: Seen, value: Value): boolean;
}

/** What a change of an experiment tells of it. */
type Told = Pick<ExperimentSummary, 'status' | 'labels'> & { sweep: { name: string } | null };

const STATUS: Condition<ListConditions['status'], Told> = {
  sql: (statuses) => ({ sql: `status IN (${statuses.map(() => '?').join(', ')})`, values: statuses }),
  holds: ({ status }, statuses) => statuses.includes(status),
};

const LABEL: Condition<readonly string[], Told> = {
  sql: labelsAsSql,
  holds: ({ labels }, wanted) =>
    wanted
      .map(parseLabel)
      .every(({ key, value }) => Object.hasOwn(labels, key) && (value === null || labels[key] === value)),
};

const SWEEP: Condition<string, Told> = {
  sql: sweepAsSql,
  holds: ({ sweep }, name) => sweep?.name === name,
};

/**
 * Every condition of a list, once. A condition that is added to the contract's `listQuery` is missing here until it is
 * written down: the compiler says so.
 */
const CONDITIONS: { [Name in keyof ListConditions]-?: Condition<NonNullable<ListConditions[Name]>> } = {
  status: STATUS,
  operator: {
    sql: (operator) => ({ sql: 'operator = ?', values: [operator] }),
    holds: (experiment, operator) => experiment.operator === operator,
  },
  project: {
    sql: (project) => facetAsSql('project = ?', [project]),
    holds: (experiment, project) => experiment.project === project,
  },
  projects: {
    sql: projectsAsSql,
    holds: ({ project }, projects) => projects.includes(project),
  },
  engine: {
    sql: (engine) => facetAsSql('engine = ?', [engine]),
    holds: (experiment, engine) => experiment.engine === engine,
  },
  submitted_by: {
    sql: (name) => facetAsSql('submitted_by = ?', [name]),
    holds: (experiment, name) => experiment.submitted_by === name,
  },
  branch: {
    sql: (branch) => facetAsSql('branch = ?', [branch]),
    holds: ({ source }, branch) => source.branch === branch,
  },
  commit: {
    sql: (sha) => facetAsSql('commit_sha GLOB ?', [`${sha}*`]),
    holds: ({ source }, sha) => source.commit_sha?.startsWith(sha) === true,
  },
  label: LABEL,
  sweep: SWEEP,
  /** Part of it, whatever the case. */
  message: {
    sql: (text) => ({ sql: `message LIKE ? ESCAPE '\\'`, values: [`%${escapeLike(text)}%`] }),
    holds: ({ message }, text) => lowerAscii(message).includes(lowerAscii(text)),
  },
  since: {
    sql: (time) => ({ sql: 'created_at >= ?', values: [time] }),
    holds: ({ created_at }, time) => created_at >= time,
  },
  until: {
    sql: (time) => ({ sql: 'created_at < ?', values: [time] }),
    holds: ({ created_at }, time) => created_at < time,
  },
  resubmit_of: {
    sql: (id) => ({
      sql: `CASE WHEN json_valid(summary) THEN json_extract(summary, '$.resubmit_of') END = ?`,
      values: [id],
    }),
    holds: (experiment, id) => experiment.resubmit_of === id,
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

/** The same of a change, by what it tells. */
export function isChangeMeant(
  told: Told,
  { status, label, sweep }: Pick<ListConditions, 'status' | 'label' | 'sweep'>,
): boolean {
  return (
    (status.length === 0 || STATUS.holds(told, status)) &&
    LABEL.holds(told, label) &&
    (sweep === undefined || SWEEP.holds(told, sweep))
  );
}

export function whereOfIds(conditions: IdConditions): Where {
  const { label, sweep, live, prefix, ended_before: endedBefore, projects } = conditions;
  return joined([
    // `g` comes right after the last hex digit, and after the dash.
    ...(prefix === undefined ? [] : [{ sql: 'id >= ? AND id < ?', values: [prefix, `${prefix}g`] }]),
    ...(projects === undefined
      ? []
      : [prefix === undefined ? projectsAsSql(projects) : afterwards(projectsAsSql(projects))]),
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

function projectsAsSql(projects: readonly string[]): Where {
  return facetAsSql(`project IN (${projects.map(() => '?').join(', ')})`, projects);
}

/** The short rows are read whole, for each list, in a tenth of the time of the summaries: no index of its own for any of them. */
function facetAsSql(condition: string, values: readonly string[]): Where {
  return { sql: `number IN (SELECT number FROM facets WHERE ${condition})`, values: [...values] };
}

/** The same, for rows that another condition finds by an index: SQLite takes a bare column as the better way to them. */
function afterwards({ sql, values }: Where): Where {
  return { sql: `+${sql}`, values };
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

/** Throws AichorError `usage` for what is no label. */
export function assertLabels(labels: readonly string[]): void {
  labels.forEach(parseLabel);
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
