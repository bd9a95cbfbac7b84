import { setMaxListeners } from 'node:events';
import type { ExperimentFact } from '../../experiment/event.ts';
import { planPeak } from '../../experiment/plan/totals.ts';
import type { QueueEntry } from '../../experiment/queue.ts';
import type { ExperimentState } from '../../experiment/state.ts';
import { crashPoint } from '../../base/io/crash-point.ts';
import type { Ground } from './ground.ts';
import { stateOf } from '../store/store.ts';
import { carry, tidy } from './carry.ts';
import { exchangeEngine } from './exchange.ts';
import { createQueue } from './queue.ts';
import { recover } from './recovery.ts';

/** Takes every live experiment from acceptance to its end. */
export interface Supervisor {
  /** A new experiment is there: queue it (or only tidy it up, when it has ended already). */
  take(id: string): void;
  /** Takes up again what lived when the last server ended. */
  recover(): void;
  /** Records the wish, then ends it; one that still waits has ended on return. */
  cancel(id: string): ExperimentState;
  /** What runs on an engine, with what it was admitted for. */
  running(engine: string): QueueEntry[];
  /** Experiments that wait or run. */
  liveCount(): number;
  /**
   * Lets go of everything on an engine while it is exchanged or taken away; then all of it is taken up again as after a
   * start: on the new one, or ended where there is none.
   */
  exchange(engine: string, change: () => void | Promise<void>): Promise<void>;
  /** Returns when nothing is done about an ended experiment any more. */
  settled(id: string): Promise<void>;
  /** Lets go of everything; what runs goes on by itself. Returns when nothing is written any more. */
  close(): Promise<void>;
}

interface Carried extends QueueEntry {
  engine: string;
  stop: AbortController;
  detach: AbortController;
  task: Promise<void>;
}

/** @param onIdle called when the last live experiment has ended */
export function createSupervisor(ground: Ground, onIdle: () => void): Supervisor {
  const carried = new Map<string, Carried>();
  const tidying = new Map<string, Promise<void>>();
  const held = new Set<string>();
  let closed = false;
  const running = (engine: string) => [...carried.values()].filter((entry) => entry.engine === engine);
  const queue = createQueue({ ground, running, isHeld: (engine) => held.has(engine), start });

  function start(id: string): void {
    const stop = new AbortController();
    const detach = new AbortController();
    // Everything that runs listens to it.
    setMaxListeners(0, detach.signal);
    const entry = { id, ...needsOf(ground, id), stop, detach };
    const task = carry(ground, id, { stop: stop.signal, detach: detach.signal })
      .catch((error: unknown) => {
        if (!detach.signal.aborted)
          ground.log.error({ err: error, experiment_id: id }, 'an experiment was let go of');
      })
      .finally(() => {
        carried.delete(id);
        if (detach.signal.aborted) return;
        queue.decide();
        if (carried.size + queue.size() === 0) onIdle();
      });
    carried.set(id, { ...entry, task });
  }

  function tidyUp(id: string): void {
    const done = tidy(ground, id).finally(() => tidying.delete(id));
    tidying.set(id, done);
  }

  function enqueue(id: string): void {
    const { ended, record } = stateOf(ground.store, id);
    if (ended) return tidyUp(id);
    // Taken away since it was chosen.
    if (!ground.engines.has(record.engine)) return takeUp(record.engine);
    queue.add(id, needsOf(ground, id));
    queue.decide();
  }

  function takeUp(engine?: string): void {
    const hands = {
      ...{ enqueue, start, stop: (id: string) => carried.get(id)?.stop.abort() },
      tidyUp: (id: string) => void (tidying.has(id) || tidyUp(id)),
    };
    recover(ground, hands, engine);
  }

  function takeUpAgain(engine: string): void {
    for (const id of queue.waitingFor(engine)) queue.withdraw(id);
    if (!closed) takeUp(engine);
    if (carried.size + queue.size() === 0) onIdle();
  }

  function cancel(id: string): ExperimentState {
    const wish: ExperimentFact = { type: 'cancel_requested', message: 'cancel requested' };
    if (queue.has(id)) {
      const state = ground.store.append(id, [wish, { type: 'ended' }]);
      crashPoint('recorded-cancel_requested');
      queue.withdraw(id);
      tidyUp(id);
      queue.decide();
      if (carried.size + queue.size() === 0) onIdle();
      return state;
    }
    const before = stateOf(ground.store, id);
    const state = before.cancel_requested ? before : ground.store.append(id, [wish]);
    crashPoint('recorded-cancel_requested');
    carried.get(id)?.stop.abort();
    return state;
  }

  return {
    take: enqueue,
    recover: () => takeUp(),
    ...{ cancel, running },
    exchange: (engine, change) =>
      exchangeEngine({
        ...{ engine, held, change },
        carried: carried.values(),
        takeUp: () => takeUpAgain(engine),
      }),
    liveCount: () => carried.size + queue.size(),
    settled: async (id) => {
      await carried.get(id)?.task;
      await tidying.get(id);
    },
    async close() {
      closed = true;
      queue.close();
      for (const { detach } of carried.values()) detach.abort();
      await Promise.all([...carried.values()].map((entry) => entry.task));
      await Promise.all(tidying.values());
    },
  };
}

/** What the queue counts for an experiment. */
function needsOf({ store }: Ground, id: string): { engine: string; needs: QueueEntry['needs'] } {
  const { record } = stateOf(store, id);
  const plan = store.submission(id)?.plan;
  return { engine: record.engine, needs: plan ? planPeak(plan) : record.resources };
}
