import type { ListQuery } from '../../api/contract.ts';
import { AichorError } from '../../errors.ts';
import { whereOfList, type ProjectSight, type Where } from './conditions.ts';
import type { Database } from './database.ts';
import { listByMetric } from './metrics.ts';
import { summaryIn } from './read-rows.ts';
import { ROW_COLUMNS, type ExperimentRow } from './rows.ts';
import type { Statements } from './statements.ts';

interface Listed {
  database: Database;
  statements: Statements;
}

/** A page continues below the last experiment shown, whatever has been added or deleted since. */
function encodeCursor(number: number): string {
  return Buffer.from(`before ${number}`).toString('base64url');
}

/** Throws AichorError `usage` for what no list gave. */
function belowCursor(cursor: string): Where {
  const match = /^before (\d{1,15})$/.exec(Buffer.from(cursor, 'base64url').toString());
  if (match?.[1] === undefined) {
    throw new AichorError('usage', `the cursor ${JSON.stringify(cursor)} is not one that a list gave`, {
      hint: 'take next_cursor of the page before, as it is',
    });
  }
  return { sql: 'number < ?', values: [Number(match[1])] };
}

/** One page, newest first or in the order of a metric. Throws AichorError `usage` for cursors that no list gave. */
export function list(store: Listed, query: ListQuery & ProjectSight) {
  const { sort, ...newestFirst } = query;
  if (sort === undefined) return listNewestFirst(store, newestFirst);
  const { rows, next_cursor } = listByMetric(store.database, { ...newestFirst, sort });
  return { experiments: rows.map((row) => summaryIn(store.statements, row)), next_cursor };
}

function listNewestFirst(
  { database, statements }: Listed,
  { limit, cursor, ...conditions }: Omit<ListQuery & ProjectSight, 'sort'>,
) {
  const { sql, values } = whereOfList(conditions, cursor === undefined ? [] : [belowCursor(cursor)]);
  const rows = database
    .prepare(`SELECT ${ROW_COLUMNS} FROM experiments ${sql} ORDER BY number DESC LIMIT ?`)
    .all(...values, limit + 1)
    .map((row): ExperimentRow => Object(row));
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return {
    experiments: page.map((row) => summaryIn(statements, row)),
    next_cursor: rows.length > limit && last !== undefined ? encodeCursor(last.number) : null,
  };
}
