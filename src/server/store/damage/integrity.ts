import { statSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { ifThereSync } from '../../../base/io/files-sync.ts';
import { openDatabase, type Database } from '../database.ts';

/** Sentences of SQLite's; none for a sound file. */
export function integrityOf(database: Database): string[] {
  const told = [
    ...database.prepare('PRAGMA integrity_check(20)').all(),
    ...database.prepare('PRAGMA foreign_key_check').all(),
  ];
  const words = told.map((row) => Object.values(Object(row)).join(' '));
  return words.filter((word) => word !== 'ok');
}

/** The thread beside the bundle; run from source there is none. */
const INTEGRITY_THREAD: URL | null = import.meta.url.endsWith('.ts')
  ? null
  : new URL('./integrity-thread.cjs', import.meta.url);

/** What the thread is told, and what it says. */
export interface IntegrityJob {
  file: string;
}
export interface IntegrityAnswer {
  integrity: string[];
}

/**
 * The same over a connection of its own, in a thread beside this one: SQLite reads every page without a pause, which
 * others must not wait for. Where the file is gone, or emptied, the connection that is open still knows what was in it. Throws
 * what SQLite throws.
 */
export async function integrityBeside(database: Database, file: string): Promise<string[]> {
  const isWhole = (ifThereSync(() => statSync(file))?.size ?? 0) > 0;
  if (INTEGRITY_THREAD === null || !isWhole) return integrityOf(database);
  try {
    return await askThread(INTEGRITY_THREAD, { file });
  } catch {
    // What it threw has lost its code on the way: here it is thrown with it.
    return integrityOf(database);
  }
}

async function askThread(url: URL, job: IntegrityJob): Promise<string[]> {
  const thread = new Worker(url, { workerData: job });
  const { integrity } = await new Promise<IntegrityAnswer>((resolve, reject) => {
    thread.once('message', resolve).once('error', reject);
    thread.once('exit', (code) => reject(new Error(`the thread that reads the database ended with ${code}`)));
  });
  return integrity;
}

/** The same of a file that nobody here has open. */
export async function integrityIn(file: string): Promise<string[]> {
  const database = await openDatabase(file, { timeoutMs: 5000 });
  try {
    return integrityOf(database);
  } finally {
    database.close();
  }
}
