import { isBusy, openDatabase } from '../store/database.ts';

/** Held for the server's life. It belongs to the process: however that dies, the lock is gone with it. */
export interface ServerLock {
  release(): void;
}

/** The lock of a state folder; null when another server holds it. */
export async function acquireServerLock(file: string): Promise<ServerLock | null> {
  const database = await openDatabase(file, { timeoutMs: 0 });
  try {
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if (isBusy(error)) return null;
    throw error;
  }
  return { release: () => database.close() };
}
