import type { AuditEvent, AuditQuery, Deed } from '../../../api/team/audit-contract.ts';
import { transaction, type Database } from '../database.ts';

/** What people did to the server and to each other; rows are only ever added. */
export interface AuditTable {
  /** Durable on return: called before the deed itself, so that none is done that is not written down. */
  add(deeds: readonly DeedDone[]): void;
  /** Oldest first. */
  list(query: AuditQuery): AuditEvent[];
  /** The last of a kind; null: there was none. */
  last(deed: Deed, subject: string): AuditEvent | null;
}

export interface DeedDone {
  by: string | null;
  deed: Deed;
  subject: string;
  details?: Record<string, unknown>;
}

/** In the order of text it comes behind every time. */
const END_OF_TIME = '~';
/** No key is called that. */
const NOBODY = '-';

export function openAuditTable(database: Database, now: () => Date): AuditTable {
  const insert = database.prepare(
    'INSERT INTO audit (time, by, deed, subject, details) VALUES (?, ?, ?, ?, ?)',
  );
  const meant =
    'SELECT * FROM audit WHERE number > ? AND number < ? AND time >= ? AND time < ? AND (? OR by IS ?)';
  const newest = database.prepare(`SELECT * FROM (${meant} ORDER BY number DESC LIMIT ?) ORDER BY number`);
  const following = database.prepare(`${meant} ORDER BY number LIMIT ?`);
  const last = database.prepare(
    'SELECT * FROM audit WHERE deed = ? AND subject = ? ORDER BY number DESC LIMIT 1',
  );
  return {
    last(deed, subject) {
      const found = last.get(deed, subject);
      return found === undefined ? null : eventOf(found);
    },
    add(deeds) {
      if (deeds.length === 0) return;
      const time = now().toISOString();
      transaction(database, () => {
        for (const { by, deed, subject, details = {} } of deeds)
          insert.run(time, by, deed, subject, JSON.stringify(details));
      });
    },
    list({ since = '', until = END_OF_TIME, by, after, before = Number.MAX_SAFE_INTEGER, limit }) {
      const statement = after === undefined ? newest : following;
      const anybody = by === undefined ? 1 : 0;
      const who = by === undefined || by === NOBODY ? null : by;
      return statement.all(after ?? 0, before, since, until, anybody, who, limit).map(eventOf);
    },
  };
}

function eventOf(columns: unknown): AuditEvent {
  const row: Omit<AuditEvent, 'details'> & { details: string } = Object(columns);
  const { number, time, by, deed, subject } = row;
  return { number, time, by, deed, subject, details: JSON.parse(row.details) };
}
