import type { ExperimentFact } from '../../experiment/event.ts';
import { planPeak } from '../../experiment/plan/totals.ts';
import type { Plan } from '../../experiment/plan/plan.ts';
import type { QueueEntry } from '../../experiment/queue.ts';
import type { ExperimentState } from '../../experiment/state.ts';
import { crashPoint } from '../../base/io/crash-point.ts';
import { cannotWriteNow } from '../store/database.ts';
import type { Ground } from './ground.ts';
import { stateOf } from '../store/store.ts';
import { carry, tidyLeft } from './carry.ts';
import { createCarriedTable, type Carried } from './carried.ts';
import { createQueue } from './queue.ts';
import { recover } from './recovery.ts';

/** Takes every live experiment from acceptance to its end. */
export interface Supervisor {
  /** A new experiment is there: queue it (or only tidy it up, when it has ended already). */
  take(state: ExperimentState, plan: Plan | null): void;
  /** Takes up again what lived when the last server ended. */
  recover(): void;
  /** Records the wishes together, then ends them; those that still wait have ended on return. Their states, by id. */
  cancel(ids: readonly string[]): Map<string, ExperimentState>;
  /** Says something in the records of everything that runs on this machine. Lost when the disk does not take it. */
  tellRunning(code: string, message: string): void;
  /** What runs on an engine, with what it was admitted for. */
  running(engine: string): QueueEntry[];
  /** What waits for an engine, in the order in which their turns come. */
  waiting(engine: string): QueueEntry[];
  /** What experiments wait for has changed: who may start is decided again. */
  reconsider(): void;
  /** Experiments that wait or run. */
  liveCount(): number;
  /** Something waits, runs, or has ended not long ago and is not tidied up yet. */
  isBusy(): boolean;
  /**
   * Lets go of everything on an engine while it is exchanged or taken away; then all of it is taken up again as after a
   * start: on the new one, or ended where there is none.
   */
  exchange(engine: string, change: () => void | Promise<void>): Promise<void>;
  /** Of one that has ended: what resolves when all that it printed is in its log. Null: it is. */
  logIsComing(id: string): Promise<void> | null;
  /**
   * Has an ended experiment removed, when nothing is done about it any more: what is still to be read of its logs is left. It is taken
   * up again where the removal fails.
   */
  removing(id: string, remove: () => Promise<void>): Promise<void>;
  /** Lets go of everything; what runs goes on by itself. Returns when nothing is written any more. */
  close(): Promise<void>;
}

/** @param onIdle called when the last live experiment has ended */
export function createSupervisor(ground: Ground, onIdle: () => void): Supervisor {
  const carried = createCarriedTable({
    log: ground.log,
    onEnded: () => queue.decide(),
    onGone() {
      queue.decide();
      if (!isBusy()) onIdle();
    },
  });
  const held = new Set<string>();
  let closed = false;
  const { live } = carried;
  const queue = createQueue({ ground, running: live, isHeld: (engine) => held.has(engine), start });
  const isBusy = () => carried.isBusy() || queue.size() > 0;

  function start(id: string): void {
    carried.take({ id, ...needsOf(ground, id) }, (course) => carry(ground, id, course));
  }

  function tidyUp(id: string): void {
    const entry = { id, ...needsOf(ground, id) };
    carried.take(entry, (course) => tidyLeft(ground, id, course), { isLeft: true });
  }

  function enqueue(state: ExperimentState, plan: Plan | null): void {
    const { ended, record } = state;
    const { experiment_id: id, engine, resources, sweep, project } = record;
    if (ended) return tidyUp(id);
    // Taken away since it was chosen.
    if (!ground.engines.has(engine)) return takeUp(engine);
    queue.add(id, { engine, needs: plan ? planPeak(plan) : resources, sweep: sweep?.name ?? null, project });
  }

  function takeUp(engine?: string): void {
    const hands = {
      enqueue: (id: string) => enqueue(stateOf(ground.store, id), ground.store.submission(id)?.plan ?? null),
      start,
      stop: (id: string) => carried.get(id)?.stop.abort(),
      tidyUp: (id: string) => void (carried.get(id) ?? tidyUp(id)),
    };
    recover(ground, hands, engine);
  }

  async function removing(id: string, remove: () => Promise<void>): Promise<void> {
    await carried.settled(id);
    try {
      await remove();
    } catch (error) {
      const isLeft = !closed && carried.get(id) === undefined && ground.store.untidied().includes(id);
      if (isLeft) tidyUp(id);
      throw error;
    }
  }

  function takeUpAgain(engine: string): void {
    queue.withdraw(queue.waitingFor(engine).map(({ id }) => id));
    if (!closed) takeUp(engine);
    if (!isBusy()) onIdle();
  }

  function cancel(ids: readonly string[]): Map<string, ExperimentState> {
    const waiting = ids.filter((id) => queue.has(id));
    const { facts, states } = wishes(ground.store, ids, new Set(waiting));
    for (const [id, state] of ground.later.record(facts)) states.set(id, state);
    crashPoint('recorded-cancel_requested');
    queue.withdraw(waiting);
    for (const id of waiting) endQuietly(ground, id);
    for (const id of ids) carried.get(id)?.stop.abort();
    if (waiting.length > 0 && !isBusy()) onIdle();
    return states;
  }

  return {
    take: enqueue,
    recover: () => takeUp(),
    cancel,
    tellRunning: (code, message) => tellHere(ground, live(), { type: 'notice', code, message }),
    running: (engine) => live().filter((entry) => entry.engine === engine),
    waiting: (engine) => queue.waitingFor(engine),
    reconsider: () => queue.decide(),
    exchange: (engine, change) =>
      carried.exchange({ engine, held, change, takeUp: () => takeUpAgain(engine) }),
    liveCount: () => live().length + queue.size(),
    isBusy,
    logIsComing: (id) => carried.get(id)?.log ?? null,
    removing,
    async close() {
      closed = true;
      queue.close();
      await carried.close();
    },
  };
}

/** What the queue counts for an experiment. */
function needsOf({ store }: Ground, id: string): Omit<QueueEntry, 'id'> & { engine: string } {
  const { record } = stateOf(store, id);
  const plan = store.submission(id)?.plan;
  const needs = plan ? planPeak(plan) : record.resources;
  return { engine: record.engine, needs, sweep: record.sweep?.name ?? null, project: record.project };
}

/** What is to be recorded of experiments that are to end; those of which it is known already keep their states. */
function wishes(store: Ground['store'], ids: readonly string[], waiting: ReadonlySet<string>) {
  const wish: ExperimentFact = { type: 'cancel_requested', message: 'cancel requested' };
  const facts = new Map<string, ExperimentFact[]>();
  const states = new Map<string, ExperimentState>();
  for (const id of ids) {
    if (waiting.has(id)) {
      facts.set(id, [wish, { type: 'ended' }]);
      continue;
    }
    const before = stateOf(store, id);
    if (before.cancel_requested || before.ended) states.set(id, before);
    else facts.set(id, [wish]);
  }
  return { facts, states };
}

/** One that waited has left nothing that would have to be tidied up; somebody may wait for its log to end. */
function endQuietly({ logs, log }: Ground, id: string): void {
  logs.abandon(id).catch((error: unknown) => {
    log.error({ err: error, experiment_id: id }, 'a log could not be let go of');
  });
}

/** To what runs on this machine: worth saying, and not worth waiting for a disk that is full. */
function tellHere({ store, engines, log }: Ground, running: Iterable<Carried>, fact: ExperimentFact): void {
  const here = [...running].filter(({ engine }) => engines.get(engine)?.kind === 'local');
  try {
    store.appendAll(new Map(here.map(({ id }) => [id, [fact]])));
  } catch (error) {
    if (!cannotWriteNow(error)) throw error;
    log.warn({ err: error }, 'the disk does not take a notice');
  }
}
