import type { ListQuery } from '../../api/contract.ts';
import { AichorError } from '../../errors.ts';
import { whereOfList, type ListConditions, type ProjectSight, type Where } from './conditions.ts';
import type { Database } from './database.ts';
import { ROW_COLUMNS, type ExperimentRow } from './rows.ts';

interface Row extends ExperimentRow {
  last: number | null;
}

/** Where a sorted list goes on: behind this value (null: among those without one) of this experiment. */
type Place = [last: number | string | null, number: number];

/**
 * One page in the order of a metric's last value, `metric.NAME` or `-metric.NAME` (the largest first), from an index.
 * Experiments without such a number come last, newest first. Throws AichorError `usage` for other orders and cursors.
 */
export function listByMetric(
  database: Database,
  { sort, limit, cursor, ...conditions }: ListQuery & ProjectSight & { sort: string },
): { rows: ExperimentRow[]; next_cursor: string | null } {
  const order = metricOrder(sort);
  const after = cursor === undefined ? null : placeOf(cursor);
  const wanted = { ...order, conditions, after };
  const measured = after !== null && after[0] === null ? [] : withMetric(database, wanted, limit + 1);
  const missing = limit + 1 - measured.length;
  const rows = [...measured, ...(missing > 0 ? withoutMetric(database, wanted, missing) : [])];
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return {
    rows: page,
    next_cursor:
      rows.length > limit && last !== undefined ? cursorOf([wordOf(last.last), last.number]) : null,
  };
}

interface Wanted {
  name: string;
  descending: boolean;
  conditions: ListConditions;
  after: Place | null;
}

function withMetric(database: Database, wanted: Wanted, limit: number): Row[] {
  const { name, descending, conditions, after } = wanted;
  const [past, direction] = descending ? ['<', 'DESC'] : ['>', 'ASC'];
  const also: Where[] = [{ sql: 'm.name = ? AND m.last IS NOT NULL', values: [name] }];
  if (after !== null && after[0] !== null)
    also.push({
      sql: `(m.last, m.number) ${past} (?, ?)`,
      values: [Number(after[0]), after[1]],
    });
  const { sql, values } = whereOfList(conditions, also);
  // In this order of tables: the index gives the order, and stops when the page is full.
  return rowsOf(
    database,
    `SELECT ${ROW_COLUMNS}, m.last FROM metrics m CROSS JOIN experiments USING (number) ${sql}
     ORDER BY m.last ${direction}, m.number ${direction} LIMIT ?`,
    [...values, limit],
  );
}

function withoutMetric(database: Database, { name, conditions, after }: Wanted, limit: number): Row[] {
  const also: Where[] = [
    {
      sql: 'number NOT IN (SELECT number FROM metrics WHERE name = ? AND last IS NOT NULL)',
      values: [name],
    },
  ];
  if (after !== null && after[0] === null) also.push({ sql: 'number < ?', values: [after[1]] });
  const { sql, values } = whereOfList(conditions, also);
  return rowsOf(
    database,
    `SELECT ${ROW_COLUMNS}, NULL AS last FROM experiments ${sql} ORDER BY number DESC LIMIT ?`,
    [...values, limit],
  );
}

function rowsOf(database: Database, sql: string, values: (string | number)[]): Row[] {
  return database
    .prepare(sql)
    .all(...values)
    .map((row): Row => Object(row));
}

function metricOrder(sort: string): { name: string; descending: boolean } {
  const found = /^(-?)metric\.(.+)$/s.exec(sort);
  if (found?.[2] === undefined) {
    throw new AichorError('usage', `${JSON.stringify(sort)} is no order of the control plane's`, {
      hint: 'metric.NAME, or -metric.NAME for the largest first',
    });
  }
  return { name: found[2], descending: found[1] === '-' };
}

/** JSON has no infinities. */
function wordOf(last: number | null): number | string | null {
  return last === null || Number.isFinite(last) ? last : String(last);
}

function cursorOf(place: Place): string {
  return Buffer.from(`metric ${JSON.stringify(place)}`).toString('base64url');
}

function placeOf(cursor: string): Place {
  const text = Buffer.from(cursor, 'base64url').toString();
  const found = /^metric \[(null|"-?Infinity"|-?[\d.eE+-]+),(\d{1,15})\]$/.exec(text);
  const last = found?.[1] === 'null' ? null : Number(found?.[1]?.replaceAll('"', ''));
  if (found?.[2] === undefined || Number.isNaN(last)) {
    throw new AichorError('usage', `the cursor ${JSON.stringify(cursor)} is not one that this list gave`, {
      hint: 'take next_cursor of the page before, as it is, with the same --sort',
    });
  }
  return [last, Number(found[2])];
}
