import { setTimeout as delay } from 'node:timers/promises';

/**
 * Calls `act` once, when one of the signals is aborted: at once if one is already.
 *
 * @returns what forgets it
 */
export function onAbort(signals: AbortSignal | readonly AbortSignal[], act: () => void): () => void {
  const all = signals instanceof AbortSignal ? [signals] : [...signals];
  const forget = () => {
    for (const signal of all) signal.removeEventListener('abort', once);
  };
  const once = () => {
    forget();
    act();
  };
  if (all.some((signal) => signal.aborted)) act();
  else for (const signal of all) signal.addEventListener('abort', once);
  return forget;
}

/** Resolves when the signal is aborted: at once if it is already. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => void onAbort(signal, resolve));
}

/** Waits. Throws the signal's reason when it is aborted meanwhile, or was before. */
export async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  try {
    await delay(ms, undefined, signal && { signal });
  } catch (error) {
    throw signal?.aborted ? signal.reason : error;
  }
}

/** Waits, or until the signal is aborted: then it returns as well. False when that came first. */
export async function sleepUnless(signal: AbortSignal, ms: number): Promise<boolean> {
  if (signal.aborted) return false;
  await delay(ms, undefined, { signal }).catch(() => undefined);
  return !signal.aborted;
}

/** What a promise gives, or the error that `late` makes when it takes longer. What it waits for goes on. */
export async function within<T>(ms: number, promise: Promise<T>, late: () => unknown): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late()), ms);
  });
  try {
    return await Promise.race([promise, limit]);
  } finally {
    clearTimeout(timer);
  }
}
