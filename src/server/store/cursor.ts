import { AichorError } from '../../errors.ts';
import type { Where } from './conditions.ts';

/** A page continues below the last experiment shown, whatever has been added or deleted since. */
export function encodeCursor(number: number): string {
  return Buffer.from(`before ${number}`).toString('base64url');
}

/** Throws AichorError `usage` for what no list gave. */
export function belowCursor(cursor: string): Where {
  const match = /^before (\d{1,15})$/.exec(Buffer.from(cursor, 'base64url').toString());
  if (match?.[1] === undefined) {
    throw new AichorError('usage', `the cursor ${JSON.stringify(cursor)} is not one that a list gave`, {
      hint: 'take next_cursor of the page before, as it is',
    });
  }
  return { sql: 'number < ?', values: [Number(match[1])] };
}
