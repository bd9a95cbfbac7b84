/** `node bench/team/floor.js DATABASE FOLDER` prints transactions a second. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Transactions a second that bare SQLite takes with `synchronous = FULL`, each with the very rows that one submit leaves
 * in the tables of the control plane.
 *
 * @param {string} database that of a server that has taken submits
 */
async function bareSubmits(database, folder, ms = 1500) {
  const { DatabaseSync } = await import('node:sqlite').catch(() => import('@photostructure/sqlite'));
  const source = new DatabaseSync(database);
  const file = join(folder, 'floor.sqlite');
  for (const suffix of ['', '-wal', '-shm']) rmSync(file + suffix, { force: true });
  source.prepare('VACUUM INTO ?').run(file);
  source.close();
  const floor = new DatabaseSync(file);
  floor.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON');
  const { number } = floor.prepare('SELECT max(number) AS number FROM experiments').get();
  const experiment = floor.prepare('SELECT * FROM experiments WHERE number = ?').get(number);
  const events = floor.prepare('SELECT * FROM events WHERE number = ?').all(number);
  const changes = floor.prepare('SELECT change FROM feed ORDER BY number DESC LIMIT ?').all(1);
  const put = (table, row) => {
    const names = Object.keys(row);
    const statement = floor.prepare(
      `INSERT INTO ${table} (${names.join()}) VALUES (${names.map(() => '?').join()})`,
    );
    return (values) => statement.run(...names.map((name) => values[name]));
  };
  const putExperiment = put('experiments', experiment);
  const putEvent = put('events', events[0]);
  const putChange = put('feed', changes[0]);
  const started = performance.now();
  let count = 0;
  for (; performance.now() - started < ms; count++) {
    const next = number + 1 + count;
    floor.exec('BEGIN IMMEDIATE');
    putExperiment({ ...experiment, number: next, id: `bench-${next}` });
    for (const event of events) putEvent({ ...event, number: next });
    for (const change of changes) putChange(change);
    floor.exec('COMMIT');
  }
  const rate = (1000 * count) / (performance.now() - started);
  floor.close();
  return rate;
}

const [, , ofServer, inFolder] = process.argv;
console.log(await bareSubmits(ofServer, inFolder));
