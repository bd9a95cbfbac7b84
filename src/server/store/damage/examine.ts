import { createTurns } from '../../../base/async/turns.ts';
import { transaction, type Database } from '../database.ts';
import { stateIn } from '../read-rows.ts';
import { columnsOf, isSoundRow, parsedColumn, RECORD_DAMAGED, type ExperimentRow } from '../rows.ts';
import type { Statements } from '../statements.ts';
import { integrityBeside } from './integrity.ts';

/** What a look at the whole database has found. */
export interface DatabaseExamination {
  /** What SQLite says of the file; nothing when it is sound. */
  integrity: string[];
  experiments: number;
  /** Rows that were damaged. */
  findings: { place: string; message: string; mended: boolean }[];
}

/**
 * Reads every page and every row, in turns: others are served meanwhile. Rows that are damaged are put together again
 * from what is sound.
 */
export async function examineDatabase(
  { database, statements }: { database: Database; statements: Statements },
  file: string,
): Promise<DatabaseExamination> {
  const integrity = await integrityBeside(database, file);
  const turns = createTurns();
  const findings: DatabaseExamination['findings'] = [];
  const ids = database
    .prepare('SELECT id FROM experiments ORDER BY number')
    .all()
    .map((row): { id: string } => Object(row));
  for (const { id } of ids) {
    if (turns.isDue()) await turns.take();
    const row = statements.experiment<ExperimentRow>(id);
    if (row !== undefined) findings.push(...mendRow(database, statements, row));
  }
  return { integrity, experiments: ids.length, findings };
}

function mendRow(
  database: Database,
  statements: Statements,
  row: ExperimentRow,
): DatabaseExamination['findings'] {
  const { id, number } = row;
  const findings: DatabaseExamination['findings'] = [];
  const found = (message: string, mended: boolean) => findings.push({ place: id, message, mended });
  transaction(database, () => {
    for (const { position, event } of statements.eventRows<{ position: number; event: string }>(number)) {
      if (parsedColumn(event) !== null) continue;
      statements.removeEvent(number, position);
      found('an event of its timeline was damaged, and is gone', true);
    }
    if (!isSoundRow(row)) {
      const state = stateIn(statements, row);
      statements.update({ number, updated_at: row.updated_at, ...columnsOf(state) });
      const isLost = state.record.notices.some(({ code }) => code === RECORD_DAMAGED);
      found(
        `its record was damaged, and was put together again${isLost ? ' as far as its events tell' : ''}`,
        !isLost,
      );
    }
    const build = statements.build<{ build: string | null }>(id)?.build;
    if (typeof build === 'string' && parsedColumn(build) === null) {
      statements.saveBuild(null, id);
      found('what was known of its build was damaged, and is gone', true);
    }
    if (parsedColumn(statements.submission<{ submission: string }>(id)?.submission ?? null) === null)
      found('its manifest and plan are damaged: it cannot be resubmitted', false);
  });
  return findings;
}
