import { setMaxListeners } from 'node:events';
import { deferred } from '../../base/async/deferred.ts';
import type { QueueEntry } from '../../experiment/queue.ts';
import type { Log } from '../ports.ts';
import type { Course } from './context.ts';

/** An experiment that is taken to its end, or of which something is left to be done after that. */
export interface Carried extends QueueEntry {
  engine: string;
  stop: AbortController;
  detach: AbortController;
  task: Promise<void>;
  /** The rest of its logs is being read, no more than that: since when, by a clock that only goes forward. Null: it runs. */
  endedSince: number | null;
  /** Resolves when its log is complete; null: it is. */
  log: Promise<void> | null;
}

/** Those that are carried, by id. */
export interface CarriedTable {
  get(id: string): Carried | undefined;
  /** Those that run. */
  live(): Carried[];
  /** Something runs, or has ended not long ago: for what a cluster does not give out for hours no server stays. */
  isBusy(): boolean;
  /** Carries one out; it is here until that has returned. `isLeft`: one that had ended before. */
  take(
    given: QueueEntry & { engine: string },
    go: (course: Course) => Promise<void>,
    options?: { isLeft: boolean },
  ): Carried;
  /** Leaves what is still to be read of an ended one; returns when nothing is done about it any more. */
  settled(id: string): Promise<void>;
  /** Lets go of what is carried on an engine, changes it, and has everything taken up again, whatever came of the change. */
  exchange(exchange: Exchange): Promise<void>;
  /** Lets go of all of them. */
  close(): Promise<void>;
}

interface Exchange {
  engine: string;
  /** Engines on which nothing is started. */
  held: Set<string>;
  change(): void | Promise<void>;
  /** Takes up again what lives on the engine. */
  takeUp(): void;
}

interface Told {
  log: Pick<Log, 'error'>;
  /** One runs no longer, though not all may have been done for it. */
  onEnded(): void;
  /** One is here no longer. */
  onGone(): void;
}

/** So long a server stays for the rest of logs. The next one goes on with it. */
const STAYS_MS = 3600 * 1000;

export function createCarriedTable({ log, onEnded, onGone }: Told): CarriedTable {
  const carried = new Map<string, Carried>();

  /** Returns when they are gone. */
  async function letGo(entries: readonly Carried[]): Promise<void> {
    for (const { detach } of entries) detach.abort();
    await Promise.all(entries.map(({ task }) => task));
  }

  return {
    get: (id) => carried.get(id),
    live: () => [...carried.values()].filter(({ endedSince }) => endedSince === null),
    isBusy: () =>
      [...carried.values()].some(
        ({ endedSince }) => endedSince === null || performance.now() - endedSince < STAYS_MS,
      ),
    take(given, go, { isLeft } = { isLeft: false }) {
      const [stop, detach] = [new AbortController(), new AbortController()];
      // Everything that runs listens to it.
      setMaxListeners(0, detach.signal);
      const { promise, resolve } = deferred<undefined>();
      const task = Promise.resolve();
      const endedSince = isLeft ? performance.now() : null;
      const entry: Carried = { ...given, stop, detach, task, endedSince, log: promise };
      const course: Course = {
        stop: stop.signal,
        detach: detach.signal,
        onEnded() {
          entry.endedSince = performance.now();
          onEnded();
        },
        onLogs() {
          entry.log = null;
          resolve(undefined);
        },
      };
      carried.set(given.id, entry);
      entry.task = go(course)
        .catch((error: unknown) => {
          if (!detach.signal.aborted)
            log.error({ err: error, experiment_id: given.id }, 'an experiment was let go of');
        })
        .finally(() => {
          carried.delete(given.id);
          course.onLogs();
          if (!detach.signal.aborted) onGone();
        });
      return entry;
    },
    async settled(id) {
      const entry = carried.get(id);
      if (entry != null && entry.endedSince !== null) entry.detach.abort();
      await entry?.task;
    },
    async exchange({ engine, held, change, takeUp }) {
      held.add(engine);
      try {
        await letGo([...carried.values()].filter((entry) => entry.engine === engine));
        await change();
      } finally {
        held.delete(engine);
        takeUp();
      }
    },
    close: () => letGo([...carried.values()]),
  };
}
