import { truncateSync } from 'node:fs';
import { isBusy, isDamagedDatabase, openDatabase } from '../store/database.ts';

/** Held for the server's life. It belongs to the process: however that dies, the lock is gone with it. */
export interface ServerLock {
  release(): void;
}

/**
 * The lock of a state folder; null when another server holds it. Nothing is ever written to it: what stands in it got
 * there by mistake, and is taken out (in place, so that the lock of a server that holds it stays).
 */
export async function acquireServerLock(file: string): Promise<ServerLock | null> {
  try {
    return await acquire(file);
  } catch (error) {
    if (!isDamagedDatabase(error)) throw error;
    truncateSync(file);
    return acquire(file);
  }
}

async function acquire(file: string): Promise<ServerLock | null> {
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
