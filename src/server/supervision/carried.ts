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
  /** The rest of its logs is being read, no more than that. */
  hasEnded: boolean;
  /** Resolves when its log is complete; null: it is. */
  log: Promise<void> | null;
}

/** Those that are carried, by id. */
export interface CarriedTable {
  get(id: string): Carried | undefined;
  /** Those that run. */
  live(): Carried[];
  count(): number;
  /** Carries one out; it is here until that has returned. */
  take(given: QueueEntry & { engine: string }, go: (course: Course) => Promise<void>): Carried;
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

export function createCarriedTable({ log, onEnded, onGone }: Told): CarriedTable {
  const carried = new Map<string, Carried>();

  /** Returns when they are gone. */
  async function letGo(entries: readonly Carried[]): Promise<void> {
    for (const { detach } of entries) detach.abort();
    await Promise.all(entries.map(({ task }) => task));
  }

  return {
    get: (id) => carried.get(id),
    live: () => [...carried.values()].filter(({ hasEnded }) => !hasEnded),
    count: () => carried.size,
    take(given, go) {
      const [stop, detach] = [new AbortController(), new AbortController()];
      // Everything that runs listens to it.
      setMaxListeners(0, detach.signal);
      const { promise, resolve } = deferred<undefined>();
      const task = Promise.resolve();
      const entry: Carried = { ...given, stop, detach, task, hasEnded: false, log: promise };
      const course: Course = {
        stop: stop.signal,
        detach: detach.signal,
        onEnded() {
          entry.hasEnded = true;
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
      if (entry?.hasEnded) entry.detach.abort();
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
