import type { Database } from '../database.ts';

/**
 * Under which name the private values of an experiment stand, where others have the very same: most submissions come from one
 * shell and bring no secrets. The values themselves are never here (`submission/private-values.ts`).
 */
export interface SharedValues {
  /** Null: they stand under the id of the experiment, as earlier versions wrote them. */
  nameOf(id: string): string | null;
  /** Whether the values of any experiment stand under this name. */
  isUsed(name: string): boolean;
  /** Whether those of another experiment than this one do. */
  isUsedByOthers(name: string, id: string): boolean;
  names(): string[];
}

export interface SharedValuesTable extends SharedValues {
  /** Inside the transaction that makes the experiment. */
  put(number: number, name: string): void;
}

export function openSharedValues(database: Database): SharedValuesTable {
  const put = database.prepare('INSERT INTO shared_values (number, name) VALUES (?, ?)');
  const nameOf = database.prepare(
    'SELECT name FROM shared_values WHERE number = (SELECT number FROM experiments WHERE id = ?)',
  );
  const used = database.prepare('SELECT 1 FROM shared_values WHERE name = ? LIMIT 1');
  const usedByOthers = database.prepare(
    'SELECT 1 FROM shared_values WHERE name = ? AND number IS NOT (SELECT number FROM experiments WHERE id = ?) LIMIT 1',
  );
  const names = database.prepare('SELECT DISTINCT name FROM shared_values');
  const nameIn = (row: unknown): string => Object(row).name;
  return {
    put: (number, name) => void put.run(number, name),
    nameOf(id) {
      const row = nameOf.get(id);
      return row === undefined ? null : nameIn(row);
    },
    isUsed: (name) => used.get(name) !== undefined,
    isUsedByOthers: (name, id) => usedByOthers.get(name, id) !== undefined,
    names: () => names.all().map(nameIn),
  };
}
