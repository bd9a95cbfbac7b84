/** Readers that wait for the log to grow. Each holds one callback; nothing is queued for any of them. */
export interface Waiters {
  /** Resolves at the next `wake`; rejects with the signal's reason when it is aborted. */
  wait(signal: AbortSignal): Promise<void>;
  wake(): void;
}

export function createWaiters(): Waiters {
  let waiting = new Set<() => void>();
  return {
    wait(signal) {
      return new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason);
        const done = (): void => {
          signal.removeEventListener('abort', aborted);
          resolve();
        };
        const aborted = (): void => {
          waiting.delete(done);
          reject(signal.reason);
        };
        waiting.add(done);
        signal.addEventListener('abort', aborted, { once: true });
      });
    },
    wake() {
      const woken = waiting;
      waiting = new Set();
      for (const done of woken) done();
    },
  };
}
