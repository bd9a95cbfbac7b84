import { AichorError } from '../../errors.ts';
import type { IdFilter, ListFilter } from './store.ts';

/** Filters as SQL: conditions on `experiments`, and their values in order. */
interface Where {
  sql: string;
  values: (string | number)[];
}

export function whereOfList(filter: ListFilter): Where {
  const where = new Map<string, (string | number)[]>();
  if (filter.status.length > 0)
    where.set(`status IN (${filter.status.map(() => '?').join(', ')})`, [...filter.status]);
  if (filter.operator !== undefined) where.set('operator = ?', [filter.operator]);
  if (filter.message !== undefined)
    where.set(`message LIKE ? ESCAPE '\\'`, [`%${escapeLike(filter.message)}%`]);
  if (filter.since !== undefined) where.set('created_at >= ?', [filter.since]);
  if (filter.cursor !== undefined) where.set('number < ?', [decodeCursor(filter.cursor)]);
  return joined(where, filter.labels);
}

export function whereOfIds(filter: IdFilter): Where {
  const where = new Map<string, (string | number)[]>();
  if (filter.live !== undefined) where.set('live = ?', [filter.live ? 1 : 0]);
  if (filter.endedBefore !== undefined) where.set('live = 0 AND ended_at < ?', [filter.endedBefore]);
  return joined(where, filter.labels ?? []);
}

function joined(
  where: Map<string, (string | number)[]>,
  labels: readonly { key: string; value: string }[],
): Where {
  const conditions = [...where.keys()];
  const values = [...where.values()].flat();
  for (const { key, value } of labels) {
    conditions.push('number IN (SELECT number FROM labels WHERE key = ? AND value = ?)');
    values.push(key, value);
  }
  return { sql: conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`, values };
}

function escapeLike(text: string): string {
  return text.replace(/[\\%_]/g, '\\$&');
}

/** A page continues below the last experiment shown, whatever has been added or deleted since. */
export function encodeCursor(number: number): string {
  return Buffer.from(`before ${number}`).toString('base64url');
}

function decodeCursor(cursor: string): number {
  const match = /^before (\d{1,15})$/.exec(Buffer.from(cursor, 'base64url').toString());
  if (match?.[1] === undefined) {
    throw new AichorError('usage', `the cursor ${JSON.stringify(cursor)} is not one that a list gave`, {
      hint: 'take next_cursor of the page before, as it is',
    });
  }
  return Number(match[1]);
}
