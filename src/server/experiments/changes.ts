import type { ExperimentState } from '../../experiment/state.ts';

/** Tells those who watch that experiments changed. Nobody is waited for: who is slow sees the latest state only. */
export interface Changes {
  publish(state: ExperimentState): void;
  isWatched(): boolean;
  subscribe(): Subscription;
}

export interface Subscription {
  /** The latest state of everything that changed since the last call; waits for a change. Empty once aborted. */
  next(signal: AbortSignal): Promise<ExperimentState[]>;
  /** Whether something changed since then. */
  hasMore(): boolean;
  close(): void;
}

interface Subscriber {
  changed: Map<string, ExperimentState>;
  wake(): void;
}

export function createChanges(): Changes {
  const subscribers = new Set<Subscriber>();
  return {
    isWatched: () => subscribers.size > 0,
    publish(state) {
      for (const subscriber of subscribers) {
        subscriber.changed.set(state.record.experiment_id, state);
        subscriber.wake();
      }
    },
    subscribe() {
      const subscriber: Subscriber = { changed: new Map(), wake: () => undefined };
      subscribers.add(subscriber);
      return {
        next: (signal) => nextChanges(subscriber, signal),
        hasMore: () => subscriber.changed.size > 0,
        close: () => void subscribers.delete(subscriber),
      };
    },
  };
}

async function nextChanges(subscriber: Subscriber, signal: AbortSignal): Promise<ExperimentState[]> {
  if (subscriber.changed.size === 0 && !signal.aborted) {
    await new Promise<void>((resolve) => {
      const wake = () => {
        signal.removeEventListener('abort', wake);
        resolve();
      };
      subscriber.wake = wake;
      signal.addEventListener('abort', wake, { once: true });
    });
  }
  if (signal.aborted) return [];
  const states = [...subscriber.changed.values()];
  subscriber.changed.clear();
  return states;
}
