import { Worker } from 'node:worker_threads';
import { AichorError, isAichorError, type ErrorCode } from '../../../errors.ts';

/** What a reading thread is told when it starts. Both kinds take slices of a list as long as there are any. */
export type ReadingJob = {
  root: string;
  /** One 32-bit number: how many slices are taken. */
  taken: SharedArrayBuffer;
} & (
  | { kind: 'look'; text: Uint8Array; starts: Uint32Array; looks: Float64Array }
  | { kind: 'hash'; paths: string[]; sizes: Float64Array; keep: number }
);

/** What it says; an error that is a bug of ours comes as the thread's own `error` event. */
export type ReadingMessage<T> =
  { result: T } | { done: true } | { failure: { code: ErrorCode; message: string; hint: string | null } };

/** The thread beside the bundle; run from source (no bundle, no plain JavaScript) there is none. */
export const READING_THREAD: URL | null = import.meta.url.endsWith('.ts')
  ? null
  : new URL('./reading-thread.cjs', import.meta.url);

/** A thread that helps with a job until there is nothing left. */
export interface Helper {
  /** When it has ended. Throws what it threw. */
  ended: Promise<void>;
  /** Ends it now; what it has not told is lost. */
  stop(): void;
}

/** Starts a thread on the job; results are handed on as they come. */
export function startHelper<T>(job: ReadingJob, onResult: (result: T) => void): Helper | null {
  if (READING_THREAD === null) return null;
  const thread = new Worker(READING_THREAD, { workerData: job });
  const ended = new Promise<void>((resolve, reject) => {
    thread.on('message', (message: ReadingMessage<T>) => {
      if ('result' in message) onResult(message.result);
      else if ('done' in message) resolve();
      else
        reject(
          new AichorError(message.failure.code, message.failure.message, { hint: message.failure.hint }),
        );
    });
    thread.on('error', reject);
    thread.on('exit', () => resolve());
  });
  // It is waited for at the end, when this thread has done its part.
  ended.catch(() => undefined);
  return { ended, stop: () => void thread.terminate() };
}

/** An error as a message; what is no AichorError is a bug, and thrown. */
export function failureMessage(error: unknown): ReadingMessage<never> {
  if (!isAichorError(error)) throw error;
  return { failure: { code: error.code, message: error.message, hint: error.hint } };
}
