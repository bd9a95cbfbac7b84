import { statSync } from 'node:fs';
import { ifThereSync } from '../../../base/io/files-sync.ts';
import { isBusy, isDiskTrouble, transaction, type Database } from '../database.ts';

/** What the database holds of room that is its own already: some thousand facts. */
const ROOM_BYTES = 2 * 1024 * 1024;

/**
 * Keeps room inside the database's own files, which nobody else can fill: free pages in the file, and a log beside it
 * that is written from its beginning again. With these, what happens is recorded on a full disk too. To be called while
 * there is room on the disk; costs next to nothing when what it keeps is there.
 */
export function keepRoom(database: Database, file: string): void {
  try {
    if (freeBytes(database) >= ROOM_BYTES / 2 && logBytes(file) >= ROOM_BYTES) return;
    transaction(database, () => {
      database.exec(`CREATE TABLE room (bytes BLOB); INSERT INTO room VALUES (zeroblob(${ROOM_BYTES}))`);
      database.exec('DROP TABLE room');
    });
    database.exec('PRAGMA wal_checkpoint(RESTART)');
  } catch (error) {
    // Without it everything works that works without it.
    if (!isDiskTrouble(error) && !isBusy(error)) throw error;
  }
}

function freeBytes(database: Database): number {
  const number = (name: string) =>
    Number(Object.values(Object(database.prepare(`PRAGMA ${name}`).get()))[0] ?? 0);
  return number('freelist_count') * number('page_size');
}

function logBytes(file: string): number {
  return ifThereSync(() => statSync(`${file}-wal`))?.size ?? 0;
}
